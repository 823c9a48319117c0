// Says while typing how a new password would be taken. The server decides; without script it says so afterwards.
for (const said of document.querySelectorAll("[data-strength]")) {
  const field = document.getElementById(said.dataset.strength);
  field.addEventListener("input", () => {
    const text = field.value;
    const kinds = [/[a-z]/, /[A-Z]/, /[0-9]/, /[^A-Za-z0-9]/].filter((kind) => kind.test(text)).length;
    const core = text.replace(/^[^A-Za-z]+|[^A-Za-z]+$/g, "");
    const isOneWord = /^[A-Za-z]*$/.test(core);
    const isFew = new Set(text.toLowerCase()).size < 5;
    let word = "strong";
    if (text.length < 8) word = "short";
    else if (kinds < 3) word = "kinds";
    else if (isFew || (isOneWord && text.length < 14)) word = "weak";
    else if (text.length < 14) word = "fair";
    said.textContent = said.dataset[word];
    said.hidden = text === "";
  });
}
