// What makes the pages smoother. Every page works without it.
"use strict";

document.documentElement.classList.add("js");

const find = (selector, root = document) => root.querySelectorAll(selector);

function dress(root) {
  // Times in the viewer's own zone, which is named, on hover.
  for (const time of find("time[datetime]", root)) {
    const instant = new Date(time.dateTime);
    if (!Number.isNaN(instant.valueOf())) time.title = instant.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "long" });
  }
  for (const button of find("[data-copy], [data-show]", root)) button.hidden = false;
}

function announce(button, text) {
  const before = button.dataset.label ?? (button.dataset.label = button.textContent);
  button.textContent = text;
  button.setAttribute("aria-live", "polite");
  setTimeout(() => (button.textContent = before), 1600);
}

async function copy(button) {
  const text = button.dataset.copy;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = Object.assign(document.createElement("textarea"), { value: text });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  announce(button, "✓");
}

function show(button) {
  const input = document.getElementById(button.dataset.show);
  const hidden = input.classList.toggle("masked") === false;
  const text = button.dataset.showText ?? (button.dataset.showText = button.textContent);
  button.textContent = hidden ? button.dataset.hideText : text;
}

function fold(button) {
  const open = document.getElementById(button.dataset.fold).classList.toggle("open");
  button.setAttribute("aria-expanded", String(open));
}

// A file made from what the page shows, so that the secret is not asked for again.
function download(link) {
  const file = new Blob([link.dataset.text], { type: "text/plain" });
  link.href = URL.createObjectURL(file);
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy], [data-show], [data-fold], [data-text]");
  if (!button) return;
  if (button.dataset.copy !== undefined) copy(button);
  else if (button.dataset.show) show(button);
  else if (button.dataset.fold) fold(button);
  else if (button.dataset.text) download(button);
});

// A second click on the same button sends nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method === "dialog") return;
  if (form.dataset.sent) return event.preventDefault();
  if (form.method === "post") form.dataset.sent = "yes";
});
addEventListener("pageshow", () => {
  for (const form of find("form[data-sent]")) delete form.dataset.sent;
});

// Keys: "/" search, "g" and a letter for a page, "?" this list.
let going = 0;
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
  if (event.key === "/") {
    const search = document.querySelector("input[type=search]");
    if (search) { event.preventDefault(); search.focus(); search.select(); }
  } else if (event.key === "?") {
    document.getElementById("keys")?.showModal();
  } else if (event.key === "g") {
    going = Date.now();
  } else if (Date.now() - going < 1200) {
    going = 0;
    document.querySelector(`a[data-key="${CSS.escape(event.key)}"]`)?.click();
  }
});

// What is shown once is the answer to a form. To reload it, or to come back to it, opens what follows instead.
function settle() {
  const link = document.querySelector("a[data-stored]");
  if (link) history.replaceState(null, "", link.dataset.stored);
}

// Straight to what is wrong: a field, or the first choice of a list.
function focusOnError() {
  const error = document.querySelector("form .error");
  const choices = error?.closest("fieldset") ?? error?.nextElementSibling;
  (document.querySelector("[aria-invalid=true]") ?? choices?.querySelector("input"))?.focus();
}

document.addEventListener("DOMContentLoaded", () => {
  dress(document);
  settle();
  focusOnError();
});
document.addEventListener("htmx:after:swap", () => dress(document));
