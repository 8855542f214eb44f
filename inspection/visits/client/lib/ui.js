// Words and templates stand in the page; here is only how they are filled.
const words = JSON.parse(document.getElementById("words").textContent);

export const word = (key, facts = {}) => (words[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => facts[name] ?? "");
export const clock = (iso) => {
  const d = new Date(iso);
  const two = (n) => String(n).padStart(2, "0");
  return `${d.getMonth() + 1}-${two(d.getDate())} ${two(d.getHours())}:${two(d.getMinutes())}`;
};
export const length = (m) => (m === null ? "—" : m < 1000 ? word("m", { n: m }) : word("km", { n: (m / 1000).toFixed(1) }));

export function make(name) {
  return document.getElementById(`t-${name}`).content.cloneNode(true).firstElementChild.parentNode;
}

export const slot = (root, name) => root.querySelector(`[data-slot="${name}"]`);
export const fill = (root, values) => {
  for (const [name, text] of Object.entries(values)) slot(root, name).textContent = text;
  return root;
};

export function say(text, href = "") {
  const box = document.getElementById("say");
  box.textContent = "";
  const line = document.createElement(href ? "a" : "span");
  line.textContent = text;
  if (href) line.href = href;
  box.append(line);
  box.hidden = false;
  clearTimeout(say.timer);
  if (!href) say.timer = setTimeout(() => (box.hidden = true), 6000);
}

export function show(content) {
  const screen = document.getElementById("screen");
  screen.replaceChildren(content);
  return screen;
}
