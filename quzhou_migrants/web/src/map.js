// Maps without any outside tile: places on a plain grid of degrees, with outlines the server gives.
// [data-map] shows; [data-map-field] also draws a point, a line or an area into a text field of coordinates.
import "leaflet/dist/leaflet.css";
import L from "leaflet";

const TONES = { plain: "#52606d", quiet: "#7b8794", wait: "#b07a00", go: "#155299", good: "#1c7345", bad: "#b3261e" };
const LINE = "#c3ccd6", STEPS = [5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001];
const APART = 84; // pixels between two lines, so that their degrees can be read
const QUZHOU = [[28.2, 118.0], [29.5, 119.4]]; // where an empty map opens

function grid(map) {
  const layer = L.layerGroup().addTo(map);
  const label = (at, text, side) => L.marker(at, { interactive: false, keyboard: false, icon: L.divIcon({ className: `map__degree map__degree--${side}`, html: text, iconSize: null }) }).addTo(layer);
  const redraw = () => {
    layer.clearLayers();
    const b = map.getBounds(), span = b.getEast() - b.getWest();
    const step = STEPS.findLast((s) => (s / span) * map.getSize().x >= APART) ?? STEPS[0], digits = step < 0.01 ? 3 : step < 0.1 ? 2 : step < 1 ? 1 : 0;
    const line = (points) => L.polyline(points, { color: LINE, weight: 1, interactive: false, className: "map__line" }).addTo(layer);
    for (let x = Math.ceil(b.getWest() / step) * step; x < b.getEast(); x += step) {
      line([[b.getSouth(), x], [b.getNorth(), x]]);
      label([b.getSouth(), x], `${x.toFixed(digits)}°E`, "east");
    }
    for (let y = Math.ceil(b.getSouth() / step) * step; y < b.getNorth(); y += step) {
      line([[y, b.getWest()], [y, b.getEast()]]);
      label([y, b.getWest()], `${y.toFixed(digits)}°N`, "north");
    }
  };
  map.on("moveend resize", redraw);
  redraw();
}

function open(canvas) {
  const words = canvas.closest("[data-map], [data-map-field]").dataset;
  const map = L.map(canvas, { attributionControl: false, zoomControl: false, minZoom: 7, maxZoom: 19, zoomSnap: 0.25, scrollWheelZoom: false, fadeAnimation: false, zoomAnimation: false });
  L.control.zoom({ zoomInTitle: words.nearer, zoomOutTitle: words.farther }).addTo(map);
  L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);
  map.fitBounds(QUZHOU);
  canvas.addEventListener("focusin", () => map.scrollWheelZoom.enable());
  canvas.addEventListener("focusout", () => map.scrollWheelZoom.disable());
  new ResizeObserver(() => map.invalidateSize({ animate: false })).observe(canvas);
  return map;
}

function card(place) {
  const box = document.createElement("div");
  const head = document.createElement(place.url ? "a" : "strong");
  if (place.url) head.href = place.url;
  head.textContent = place.title;
  box.append(head);
  if (place.note) box.append(Object.assign(document.createElement("div"), { textContent: place.note }));
  return box;
}

function put(map, spec) {
  const shown = L.featureGroup();
  for (const area of spec.areas ?? []) {
    L.polygon(area.points, { color: "#8494a5", weight: 1.5, fillColor: "#dfe8f2", fillOpacity: 0.55, interactive: false }).addTo(shown)
      .bindTooltip(area.name, { permanent: true, direction: "center", className: "map__name", interactive: false });
  }
  for (const place of spec.places ?? []) {
    const colour = TONES[place.tone] ?? TONES.go;
    const style = { color: colour, weight: 3, fillColor: colour, fillOpacity: 0.25 };
    const layer = place.kind === "line" ? L.polyline(place.points, style) : place.kind === "area" ? L.polygon(place.points, style)
      : L.circleMarker(place.points[0], { radius: 6, color: "#fff", weight: 1.5, fillColor: colour, fillOpacity: 0.95 });
    layer.addTo(shown);
    if (place.title) layer.bindPopup(card(place), { closeButton: false });
  }
  shown.addTo(map);
  if (shown.getLayers().length) map.fitBounds(shown.getBounds(), { padding: [28, 28], maxZoom: 16, animate: false });
}

// "28.97, 118.87" on each line: what is typed and what is drawn are the same text.
const read = (text) => text.split(/\n/).map((line) => (line.match(/-?\d+(\.\d+)?/g) ?? []).map(Number)).filter((p) => p.length === 2);
const write = (points) => points.map(([lat, lon]) => `${lat.toFixed(6)}, ${lon.toFixed(6)}`).join("\n");

function drawInto(place, map) {
  const text = place.querySelector("[data-map-points]");
  const kinds = [...place.querySelectorAll("[data-map-kind]")];
  const kind = () => kinds.find((k) => k.checked)?.value ?? kinds[0]?.value ?? "point";
  const shape = L.featureGroup().addTo(map);
  const show = () => {
    const points = read(text.value);
    shape.clearLayers();
    if (points.length > 1 && kind() !== "point") (kind() === "area" ? L.polygon : L.polyline)(points, { color: TONES.go, weight: 3 }).addTo(shape);
    points.forEach((p) => L.circleMarker(p, { radius: 6, color: "#fff", weight: 2, fillColor: TONES.go, fillOpacity: 1 }).addTo(shape));
    return points;
  };
  const set = (points) => { text.value = write(points); show(); text.dispatchEvent(new Event("change", { bubbles: true })); };
  const add = (at) => set(kind() === "point" ? [at] : [...read(text.value), at]);
  map.on("click", (event) => add([event.latlng.lat, event.latlng.lng]));
  map.getContainer().addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target !== map.getContainer()) return;
    event.preventDefault();
    add([map.getCenter().lat, map.getCenter().lng]);
  });
  place.querySelector("[data-map-undo]")?.addEventListener("click", () => set(read(text.value).slice(0, -1)));
  place.querySelector("[data-map-clear]")?.addEventListener("click", () => set([]));
  text.addEventListener("input", show);
  kinds.forEach((k) => k.addEventListener("change", () => (kind() === "point" ? set(read(text.value).slice(-1)) : show())));
  const points = show();
  if (points.length) map.fitBounds(L.latLngBounds(points), { maxZoom: 16, animate: false, padding: [40, 40] });
}

function start(place) {
  place.classList.add("is-drawn");
  const map = open(place.querySelector(".map__canvas"));
  const data = place.querySelector("script[type='application/json']");
  if (data) put(map, JSON.parse(data.textContent));
  grid(map);
  if (place.matches("[data-map-field]")) drawInto(place, map);
  else place.querySelector("details")?.removeAttribute("open");
}

const fresh = (root = document) => root.querySelectorAll("[data-map]:not(.is-drawn), [data-map-field]:not(.is-drawn)").forEach(start);
document.addEventListener("htmx:load", (event) => fresh(event.target));
fresh();
