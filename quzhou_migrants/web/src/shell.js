// Behaviour shared by every page. Nothing here is needed for a page to work; it only makes it smoother.
import "./styles/shell.scss";
import "./emblem.svg"; // listed in the manifest: the mark in the top bar and the tab
import htmx from "htmx.org";

Object.assign(htmx.config, {
  allowEval: false,
  includeIndicatorStyles: false,
  selfRequestsOnly: true,
  historyCacheSize: 0, // pages hold personal data: none of them may stay in the browser's storage
  responseHandling: [{ code: "204", swap: false }, { code: "[23]..|422", swap: true }, { code: "...", swap: false, error: true }],
});

const all = (selector, root = document) => [...root.querySelectorAll(selector)];

function toggleNavigation(button) {
  const side = document.getElementById("side");
  const open = side.classList.toggle("is-open");
  button.setAttribute("aria-expanded", String(open));
  if (open) side.querySelector("a")?.focus();
}

function closeMenus(except) {
  all("details.who[open]").filter((menu) => menu !== except).forEach((menu) => menu.removeAttribute("open"));
}

// A question before a step that cannot be taken back; the sentence comes from the template.
function ask(form, button) {
  const dialog = document.createElement("dialog");
  const label = document.getElementById("ask-words").dataset;
  dialog.className = "ask";
  dialog.setAttribute("aria-labelledby", "ask-question");
  const question = Object.assign(document.createElement("p"), { id: "ask-question", textContent: button.dataset.confirm });
  const row = Object.assign(document.createElement("div"), { className: "actions" });
  const no = Object.assign(document.createElement("button"), { type: "button", className: "btn btn-outline-secondary", textContent: label.no });
  const yes = Object.assign(document.createElement("button"), { type: "button", className: "btn btn-primary", textContent: label.yes });
  row.append(no, yes);
  dialog.append(question, row);
  document.body.append(dialog);
  no.addEventListener("click", () => dialog.close());
  yes.addEventListener("click", () => { button.dataset.confirmed = "1"; dialog.close(); form.requestSubmit(button); });
  dialog.addEventListener("close", () => { dialog.remove(); button.focus(); });
  dialog.showModal();
}

// An amount in yuan, said again in ten thousand yuan, so that a zero too many is noticed.
function echoAmount(input) {
  const echo = document.getElementById(`${input.id}-echo`);
  const yuan = Number(input.value.replaceAll(",", "").replaceAll("，", ""));
  const known = echo && input.value.trim() !== "" && Number.isFinite(yuan) && yuan >= 10000;
  if (echo) echo.textContent = known ? echo.dataset.words.replace("{}", (yuan / 10000).toLocaleString("zh-CN", { maximumFractionDigits: 6 })) : "";
}

document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-toggle-side], [data-print], [data-back]");
  closeMenus(event.target.closest("details.who"));
  if (!target) return;
  if ("toggleSide" in target.dataset) toggleNavigation(target);
  if ("print" in target.dataset) window.print();
  if ("back" in target.dataset) window.history.back();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details.who[open]");
  closeMenus();
  menu?.querySelector("summary").focus();
});

document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (button?.dataset.confirm && !button.dataset.confirmed) {
    event.preventDefault();
    ask(event.target, button);
    return;
  }
  event.target.dataset.sent = "1";
  if (event.target.method === "post" && button) {
    button.setAttribute("aria-busy", "true"); // the server also refuses the same form twice; this only spares the wait
    setTimeout(() => button.removeAttribute("aria-busy"), 8000);
  }
});

document.addEventListener("change", (event) => {
  const input = event.target;
  const form = input.form;
  if (form?.dataset.guard !== undefined) form.dataset.dirty = "1";
  if (input.type === "file") all(`[data-files-of="${input.id}"]`).forEach((list) => {
    list.replaceChildren(...[...input.files].map((f) => Object.assign(document.createElement("li"), { textContent: `${f.name} · ${(f.size / 1048576).toFixed(2)} MB` })));
  });
  if (input.dataset.go !== undefined) input.form.requestSubmit();
});

document.addEventListener("input", (event) => { if (event.target.dataset.money !== undefined) echoAmount(event.target); });

window.addEventListener("beforeunload", (event) => {
  if (all("form[data-guard][data-dirty]:not([data-sent])").length) event.preventDefault();
});
document.addEventListener("htmx:afterRequest", (event) => {
  const note = event.detail.elt.closest(".saved");
  if (!note) return;
  note.classList.toggle("saved--bad", !event.detail.successful);
  if (event.detail.successful) delete note.closest("form")?.dataset.dirty;
  else note.textContent = event.detail.xhr?.status === 401 ? note.dataset.ended : note.dataset.failed;
});

// What could not be saved while the network was away is saved when it comes back, without another key stroke.
window.addEventListener("online", () => all(".saved--bad").forEach((note) => note.closest("form")?.dispatchEvent(new Event("change", { bubbles: true }))));

const ready = () => {
  document.querySelector("[data-focus]")?.focus();
  all("[data-money]").forEach(echoAmount);
};
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready);
else ready();
