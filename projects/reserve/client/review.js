// Review: tick a whole page, rank by dragging or with Alt and the arrow keys. Both pages work without this.
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

function countPicked() {
  const picked = document.querySelector("[data-picked]");
  if (picked) picked.textContent = String(all('input[name="picked"]:checked').length);
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-pick-all]")) all('input[name="picked"]').forEach((box) => { box.checked = event.target.checked; });
  if (event.target.matches('[data-pick-all], input[name="picked"]')) countPicked();
});

// The server keeps the order and draws the cut lines anew: here rows only change places and the form is sent.
const rows = (form) => all(".order__row", form);
let dragged = null;
let before = "";
let held = "";

const written = (form) => rows(form).map((row) => row.id).join();

function keep(form, row) {
  held = row.id;
  form.requestSubmit(form.querySelector("#keep-order"));
}

function step(row, way) {
  const form = row.closest("[data-rank]");
  const list = rows(form);
  const other = list[list.indexOf(row) + way];
  if (!other) return;
  if (way < 0) other.before(row);
  else other.after(row);
  row.focus();
  keep(form, row);
}

document.addEventListener("keydown", (event) => {
  const row = event.target.closest?.("[data-rank] .order__row");
  if (!row || !event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
  event.preventDefault();
  step(row, event.key === "ArrowUp" ? -1 : 1);
});

document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("[data-rank] .order__row") ?? null;
  if (!dragged) return;
  before = written(dragged.closest("form"));
  event.dataTransfer.effectAllowed = "move";
  dragged.classList.add("is-held");
});

document.addEventListener("dragover", (event) => {
  const over = event.target.closest?.(".order__row");
  if (!dragged || !over || over.parentElement !== dragged.parentElement) return;
  event.preventDefault();
  const middle = over.getBoundingClientRect().top + over.offsetHeight / 2;
  if (over !== dragged) over[event.clientY < middle ? "before" : "after"](dragged);
});

document.addEventListener("drop", (event) => { if (dragged) event.preventDefault(); });

document.addEventListener("dragend", () => {
  if (!dragged) return;
  const form = dragged.closest("form");
  dragged.classList.remove("is-held");
  if (written(form) !== before) keep(form, dragged);
  dragged = null;
});

// After the server's answer the row that moved keeps the focus, and its new place is said.
document.addEventListener("htmx:afterSettle", (event) => {
  const row = held && document.getElementById(held);
  if (event.detail.elt?.id !== "order" && event.detail.target?.id !== "order") return;
  if (!row) return;
  row.focus();
  const said = document.querySelector("[data-said]");
  if (said) said.textContent = row.getAttribute("aria-label");
  held = "";
});
