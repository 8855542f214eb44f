// Covering faces and plates: rectangles drawn over a picture are the lines of the text field beside it, in percent.
// Without a pointer the lines are typed; what is drawn and what is typed are the same.
const place = document.querySelector("[data-mask]");
const image = place?.querySelector("img"), sheet = place?.querySelector("svg");
const text = place && document.getElementById(place.dataset.mask);
const LEAST = 0.4; // percent: a slip of the hand is no rectangle
let from = null, draft = null;

const read = () => text.value.split("\n").map((line) => (line.match(/\d+(\.\d+)?/g) ?? []).map(Number)).filter((m) => m.length === 4);
const box = ([x, y, width, height]) => {
  const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  Object.entries({ x, y, width, height }).forEach(([name, value]) => rect.setAttribute(name, `${value}%`));
  return rect;
};
const show = () => sheet.replaceChildren(...read().map(box), ...(draft ? [box(draft)] : []));
const set = (masks) => { text.value = masks.map((m) => m.map((v) => v.toFixed(2)).join(" ")).join("\n"); show(); text.dispatchEvent(new Event("change", { bubbles: true })); };
const at = (event) => {
  const frame = image.getBoundingClientRect();
  const part = (value, whole) => Math.min(100, Math.max(0, (value / whole) * 100));
  return [part(event.clientX - frame.left, frame.width), part(event.clientY - frame.top, frame.height)];
};
const between = ([a, b], [c, d]) => [Math.min(a, c), Math.min(b, d), Math.abs(a - c), Math.abs(b - d)];

if (place) {
  place.classList.add("is-drawn");
  sheet.addEventListener("pointerdown", (event) => { event.preventDefault(); from = at(event); sheet.setPointerCapture(event.pointerId); });
  sheet.addEventListener("pointermove", (event) => { if (from) { draft = between(from, at(event)); show(); } });
  sheet.addEventListener("pointerup", (event) => {
    const made = from && between(from, at(event));
    from = draft = null;
    if (made && made[2] > LEAST && made[3] > LEAST) set([...read(), made.map((v) => Math.floor(v * 100) / 100)]);
    else show();
  });
  sheet.addEventListener("pointercancel", () => { from = draft = null; show(); });
  place.querySelector("[data-mask-undo]").addEventListener("click", () => set(read().slice(0, -1)));
  place.querySelector("[data-mask-clear]").addEventListener("click", () => set([]));
  text.addEventListener("input", show);
  show();
}
