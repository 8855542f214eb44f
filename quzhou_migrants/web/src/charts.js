// Charts: every figure[data-chart] carries its data as JSON, and as a table for whoever does not see the picture.
// What is drawn is SVG without inline code or inline styles; colours keep 3:1 against white, patterns appear in print.
import { use, init } from "echarts/core";
import { BarChart, FunnelChart, LineChart, PieChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { SVGRenderer } from "echarts/renderers";

use([BarChart, FunnelChart, LineChart, PieChart, AriaComponent, GridComponent, LegendComponent, TooltipComponent, SVGRenderer]);

const INK = "#1b2733", QUIET = "#52606d", LINE = "#d8dee6";
const COLOURS = ["#155299", "#b07a00", "#1c7345", "#b3261e", "#6a4c93", "#3f7f93", "#8a5a3c", "#52606d"];
const PAPER_WIDTH = 600; // pixels that an A4 sheet shows between its margins
const drawn = new Map();
let printing = false;

const figure = (value) => (value === null || value === undefined ? "—" : Number(value).toLocaleString("zh-CN", { maximumFractionDigits: 2 }));

const axes = (spec, sideways) => {
  const names = { type: "category", data: spec.labels, axisTick: { show: false }, axisLine: { lineStyle: { color: LINE } },
    axisLabel: { color: INK, hideOverlap: true, ...(spec.labels.length <= 8 ? { interval: 0, rotate: !sideways && spec.narrow ? 35 : 0 } : {}), ...(sideways ? { width: 118, overflow: "truncate" } : {}) }, inverse: sideways };
  const values = { type: "value", axisLabel: { color: QUIET, hideOverlap: true }, splitLine: { lineStyle: { color: "#e9edf2" } },
    ...(spec.most ? { max: spec.most } : {}), ...(spec.whole ? { minInterval: 1 } : {}) };
  return sideways ? { xAxis: values, yAxis: names } : { xAxis: names, yAxis: values };
};

const said = (spec, show) => ({ show, color: INK, formatter: (p) => (p.value ? figure(p.value) : "") });

const kinds = {
  bar: (spec) => ({ ...axes(spec, false), series: spec.series.map((s) => ({ type: "bar", barMaxWidth: 34, name: s.name, data: s.values, label: { ...said(spec, spec.series.length === 1), position: "top" } })) }),
  rows: (spec) => ({ ...axes(spec, true), series: spec.series.map((s) => ({ type: "bar", barMaxWidth: 20, name: s.name, data: s.values, label: { ...said(spec, true), position: "right" } })) }),
  stack: (spec) => ({ ...axes(spec, true), series: spec.series.map((s) => ({ type: "bar", stack: "all", barMaxWidth: 22, name: s.name, data: s.values })) }),
  line: (spec) => ({ ...axes(spec, false), series: spec.series.map((s) => ({ type: "line", name: s.name, data: s.values, connectNulls: true, symbolSize: 7, lineStyle: { width: 2.5 } })) }),
  funnel: (spec) => ({ series: [{ type: "funnel", left: 8, right: 8, top: 8, bottom: 8, sort: "none", gap: 2, minSize: "12%",
    data: spec.labels.map((name, i) => ({ name, value: spec.series[0].values[i] })), color: ["#0f3a6b", "#124886", "#155299", "#2a66ab", "#3f79b8", "#4b83bf"], label: { position: "inside", color: "#fff", formatter: (p) => `${p.name} ${figure(p.value)}` } }] }),
  share: (spec) => ({ series: [{ type: "pie", radius: ["42%", "72%"], data: spec.labels.map((name, i) => ({ name, value: spec.series[0].values[i] })), label: { color: INK, formatter: (p) => `${p.name} ${figure(p.value)}` } }] }),
};

function option(spec) {
  const many = spec.series.length > 1;
  return {
    color: COLOURS,
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: INK },
    grid: { left: 8, right: 44, top: many ? 14 + 22 * spec.legendLines : 26, bottom: 8, containLabel: true },
    legend: { show: many, top: 0, left: 0, itemWidth: 14, itemHeight: 10, textStyle: { color: INK } },
    tooltip: { renderMode: "richText", confine: true, trigger: "item", formatter: (p) => `${many ? `${p.seriesName} · ` : ""}${p.name}：${figure(p.value)}${spec.unit}` },
    aria: { enabled: true, label: { enabled: false }, decal: { show: false } },
    ...kinds[spec.kind](spec),
  };
}

function draw(place) {
  place.classList.add("is-drawn"); // gives the canvas its size
  const canvas = place.querySelector(".chart__canvas");
  const spec = JSON.parse(place.querySelector("script[type='application/json']").textContent);
  spec.legendLines = Math.ceil(spec.series.reduce((sum, s) => sum + 34 + 12 * s.name.length, 0) / canvas.clientWidth);
  spec.narrow = canvas.clientWidth < 60 * spec.labels.length;
  const chart = init(canvas, null, { renderer: "svg" });
  chart.setOption(option(spec));
  chart.on("click", (p) => {
    const url = spec.series[p.seriesIndex]?.urls?.[p.dataIndex] || spec.urls?.[p.dataIndex];
    if (url) window.location.assign(url);
  });
  place.querySelector("details")?.removeAttribute("open");
  drawn.set(canvas, chart);
  resizing.observe(canvas);
}

const resizing = new ResizeObserver((changes) => { if (!printing) changes.forEach((change) => drawn.get(change.target)?.resize()); });

const fresh = (root = document) => root.querySelectorAll("[data-chart]:not(.is-drawn)").forEach(draw);

// On paper every table is open, patterns stand beside the colours, and nothing is wider than the sheet.
function forPaper(on) {
  printing = on;
  drawn.forEach((chart, canvas) => {
    canvas.closest("[data-chart]").querySelector("details")?.toggleAttribute("open", on);
    chart.setOption({ aria: { decal: { show: on } } });
    chart.resize({ width: on ? Math.min(canvas.clientWidth, PAPER_WIDTH) : "auto" });
    chart.getZr().flush();
  });
}
window.addEventListener("beforeprint", () => forPaper(true));
window.addEventListener("afterprint", () => forPaper(false));
document.addEventListener("htmx:load", (event) => fresh(event.target));
fresh();
