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

// One session, several tabs: that another tab went to another tenant is said, and so is what this tab comes back from.
function watchTenant() {
  const { here, hereName: name } = document.body.dataset;
  if (!here) return;
  const tell = (which, shown) => {
    const notice = document.getElementById("moved");
    for (const span of find("[data-moved]", notice)) {
      span.hidden = span.dataset.moved !== which;
      span.textContent = (span.dataset.text ??= span.textContent).replace("{shown}", shown ?? "");
    }
    notice.hidden = !which;
  };
  const before = JSON.parse(sessionStorage.getItem("shown"));
  if (before && before.here !== here) tell("this-tab", before.name);
  const mark = JSON.stringify({ here, name });
  sessionStorage.setItem("shown", mark);
  localStorage.setItem("here", mark);
  addEventListener("storage", (event) => {
    if (event.key !== "here" || !event.newValue) return;
    const other = JSON.parse(event.newValue);
    tell(other.here === here ? "" : "other-tab", other.name);
  });
}

// Whoever goes to another tenant in this tab need not be told. The page may be behind the tab's next one in the history.
document.addEventListener("submit", (event) => {
  if (/\/(act|leave|sign-out)$/.test(new URL(event.target.action).pathname)) sessionStorage.removeItem("shown");
});

// A part of a page is asked for in the name of the tenant that the page shows.
document.addEventListener("htmx:config:request", (event) => {
  event.detail.ctx.request.headers["Tenantry-Shown"] = document.body.dataset.here ?? "";
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
  watchTenant();
  settle();
  focusOnError();
});
document.addEventListener("htmx:after:swap", () => dress(document));
