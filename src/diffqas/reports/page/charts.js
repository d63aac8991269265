"use strict";
/* Line charts and bars as SVG and plain elements; colours come from the style sheet, so that themes change by themselves. */

const NUMBERS = JSON.parse(document.getElementById("numbers").textContent);
const MARGIN = { left: 58, right: 12, top: 10, bottom: 34 };
const ROLES = { truth: "var(--truth)", prediction: "var(--prediction)", boundary: "var(--boundary)", grey: "var(--grey)" };

function made(name, attributes, parent) {
  const svg = ["svg", "path", "line", "text", "circle", "rect"].includes(name);
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) node.setAttribute(key, value);
  if (parent) parent.append(node);
  return node;
}

function colour(line, index) {
  if (line.colour) return line.colour;
  if (line.role.startsWith("run-")) return NUMBERS.palette[Number(line.role.slice(4)) % NUMBERS.palette.length];
  return ROLES[line.role] || NUMBERS.palette[index % NUMBERS.palette.length];
}

function inWords(value, percent) {
  if (value === null || value === undefined) return "–";
  if (percent) return (100 * value).toFixed(2) + " %";
  if (value === 0) return "0";
  return Math.abs(value) < 0.01 || Math.abs(value) >= 1e5 ? value.toExponential(2) : String(Number(value.toPrecision(4)));
}

/* Least and largest of what lines show; of a logarithmic axis the positive values alone. */
function extent(lines, log) {
  let least = Infinity, most = -Infinity;
  for (const line of lines)
    for (const values of [line.y, line.low, line.high])
      for (const value of values)
        if (value !== null && (!log || value > 0)) { least = Math.min(least, value); most = Math.max(most, value); }
  if (least > most) return log ? [0.1, 1] : [0, 1];
  if (log) return least === most ? [least / 2, most * 2] : [least / 1.15, most * 1.15];
  const room = 0.05 * (most - least) || 0.5 * Math.abs(most) || 1;
  return [least - room, most + room];
}

function niceTicks(least, most, count, factors = [1, 2, 2.5, 5, 10]) {
  const rough = (most - least) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * factors.find((factor) => factor * power >= rough);
  const ticks = [];
  for (let at = Math.ceil(least / step - 1e-9); at * step <= most * (1 + 1e-12) + 1e-12 * step; at++) ticks.push(at * step);
  return ticks.map((tick) => Number(tick.toPrecision(10)));
}

/* Powers of ten; where fewer than three fit, 1, 2 and 5 of each, or what is round on a shorter axis. */
function logTicks(least, most) {
  const first = Math.ceil(Math.log10(least) - 1e-9), last = Math.floor(Math.log10(most) + 1e-9);
  const every = Math.max(1, Math.ceil((last - first + 1) / 6)), ticks = [];
  for (let power = first; power <= last; power += every) ticks.push(Number(`1e${power}`));
  if (ticks.length >= 3) return ticks;
  const finer = [];
  for (let power = first - 1; power <= last; power++)
    for (const factor of [1, 2, 5]) finer.push(Number(`${factor}e${power}`));
  const shown = finer.filter((tick) => tick >= least && tick <= most);
  return shown.length >= 3 ? shown : niceTicks(least, most, 5).filter((tick) => tick > 0);
}

/* Path through points; a gap where one is missing. */
function traced(line, values, x, y, log) {
  let path = "", open = false;
  values.forEach((value, at) => {
    if (value === null || (log && value <= 0)) { open = false; return; }
    path += (open ? "L" : "M") + x(line.x[at]).toFixed(1) + " " + y(value).toFixed(1);
    open = true;
  });
  return path;
}

function shaded(line, x, y, log, floor) {
  const places = line.x.map((_, at) => at).filter((at) => line.high[at] !== null && line.low[at] !== null && (!log || line.high[at] > 0));
  if (!places.length) return "";
  const point = (at, value) => x(line.x[at]).toFixed(1) + " " + y(log ? Math.max(value, floor) : value).toFixed(1);
  const upper = places.map((at) => point(at, line.high[at])), lower = places.map((at) => point(at, line.low[at])).reverse();
  return "M" + upper.concat(lower).join("L") + "Z";
}

/* Draws a chart into a box. `options`: range of the vertical axis, cursor on the horizontal one, legend or not. */
function drawChart(box, chart, options = {}) {
  const lines = chart.lines.filter((line) => !line.hidden);
  const width = Math.max(220, box.clientWidth), height = options.height || 260;
  box.replaceChildren();
  if (options.legend !== false) {
    const legend = made("div", { class: "legend" }, box);
    chart.lines.forEach((line, index) => {
      if (!line.hidden)
        made("span", { class: "colour" + (line.dash ? " dash" : ""), style: `--c: ${colour(line, index)}` }, legend).textContent = line.label;
    });
  }
  const [least, most] = options.range || extent(lines, chart.log);
  const all = lines.flatMap((line) => line.x), left = Math.min(...all), right = Math.max(...all);
  const span = right - left || 1, inner = width - MARGIN.left - MARGIN.right, tall = height - MARGIN.top - MARGIN.bottom;
  const x = (value) => MARGIN.left + (right === left ? 0.5 : (value - left) / span) * inner;
  const scale = chart.log ? Math.log10 : (value) => value;
  const y = (value) => MARGIN.top + (1 - (scale(value) - scale(least)) / (scale(most) - scale(least))) * tall;
  const label = `${chart.title || chart.key} by ${chart.across}: ` +
    lines.map((line) => `${line.label}, at the end ${inWords(line.y[line.y.length - 1], chart.percent)}`).join("; ");
  const svg = made("svg", { viewBox: `0 0 ${width} ${height}`, height, role: "img", "aria-label": label }, box);
  if (!all.length) return;
  for (const tick of chart.log ? logTicks(least, most) : niceTicks(least, most, 4)) {
    const at = y(tick);
    made("line", { class: tick === 0 && !chart.log ? "zero" : "grid", x1: MARGIN.left, x2: width - MARGIN.right, y1: at, y2: at }, svg);
    const text = chart.percent ? String(Number((100 * tick).toPrecision(4))) : chart.log && (tick < 0.01 || tick >= 1000) ? tick.toExponential() : inWords(tick);
    made("text", { x: MARGIN.left - 8, y: at + 4, "text-anchor": "end" }, svg).textContent = text;
  }
  for (const tick of niceTicks(left, right, Math.min(6, inner / 80), [1, 2, 5, 10])) {
    if (!Number.isInteger(tick)) continue;
    made("text", { x: x(tick), y: height - MARGIN.bottom + 17, "text-anchor": "middle" }, svg).textContent = tick.toLocaleString("en");
  }
  made("line", { class: "axis", x1: MARGIN.left, x2: width - MARGIN.right, y1: height - MARGIN.bottom, y2: height - MARGIN.bottom }, svg);
  made("text", { x: width - MARGIN.right, y: height - 3, "text-anchor": "end" }, svg).textContent = chart.across;
  chart.lines.forEach((line, index) => {
    if (line.hidden) return;
    const style = `--c: ${colour(line, index)}`;
    if (line.high.length) made("path", { class: "band colour", d: shaded(line, x, y, chart.log, least), style }, svg);
    const path = made("path", { class: "line colour" + (line.faint ? " faint" : ""), d: traced(line, line.y, x, y, chart.log), style }, svg);
    if (line.dash) path.setAttribute("stroke-dasharray", "5 4");
    if (line.y.length === 1 && line.y[0] !== null) made("circle", { class: "point colour", cx: x(line.x[0]), cy: y(line.y[0]), r: 4, style }, svg);
  });
  if (chart.boundary !== null && chart.boundary !== undefined) {
    const at = x(chart.boundary);
    made("line", { class: "boundary", x1: at, x2: at, y1: MARGIN.top, y2: height - MARGIN.bottom }, svg);
    made("text", { x: at - 5, y: MARGIN.top + 10, "text-anchor": "end" }, svg).textContent = "train";
    made("text", { x: at + 5, y: MARGIN.top + 10 }, svg).textContent = "test";
  }
  if (options.cursor !== undefined)
    made("line", { class: "cursor", x1: x(options.cursor), x2: x(options.cursor), y1: MARGIN.top, y2: height - MARGIN.bottom }, svg);
  else pointed(box, svg, chart, lines, x, { height, width });
}

/* Values under the pointer. */
function pointed(box, svg, chart, lines, x, size) {
  const line = made("line", { class: "cursor", y1: MARGIN.top, y2: size.height - MARGIN.bottom, visibility: "hidden" }, svg);
  const readout = made("div", { class: "readout", hidden: "" }, box);
  svg.addEventListener("pointermove", (event) => {
    const at = ((event.clientX - svg.getBoundingClientRect().left) / svg.getBoundingClientRect().width) * size.width;
    const nearest = (xs) => xs.reduce((best, value, index) => (Math.abs(x(value) - at) < Math.abs(x(xs[best]) - at) ? index : best), 0);
    const found = lines[0].x[nearest(lines[0].x)];
    line.setAttribute("x1", x(found));
    line.setAttribute("x2", x(found));
    line.setAttribute("visibility", "visible");
    const rows = lines.map((each) => `${each.label}  ${inWords(each.y[nearest(each.x)], chart.percent)}`);
    readout.textContent = [`${chart.across} ${found.toLocaleString("en")}`, ...rows].join("\n");
    readout.hidden = false;
    const shift = x(found) > size.width / 2 ? x(found) - readout.offsetWidth - 12 : x(found) + 12;
    readout.style.left = `${Math.max(0, Math.min(shift, box.clientWidth - readout.offsetWidth))}px`;
  });
  svg.addEventListener("pointerleave", () => {
    readout.hidden = true;
    line.setAttribute("visibility", "hidden");
  });
}
