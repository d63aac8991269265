"use strict";
/* Fills the boxes of the page and answers its controls. */

const FRAME = 90; /* milliseconds between two steps of an animation over many */

/* Draws now, and again whenever the box gets another width. */
function kept(box, draw) {
  let width = -1;
  new ResizeObserver(() => {
    if (box.clientWidth !== width && box.clientWidth > 0) {
      width = box.clientWidth;
      draw();
    }
  }).observe(box);
}

/* A slider with its play button; `show` is called with the position, `said` gives the words beside it. */
function wired(prefix, show, said, frame) {
  const slider = document.getElementById(`${prefix}-slider`), button = document.getElementById(`${prefix}-play`);
  const words = document.getElementById(`${prefix}-shown`), last = Number(slider.max);
  let timer = null;
  const update = () => {
    words.textContent = said(Number(slider.value));
    slider.setAttribute("aria-valuetext", words.textContent);
    show(Number(slider.value));
  };
  const stop = () => {
    clearInterval(timer);
    timer = null;
    button.textContent = "Play";
  };
  const step = () => {
    slider.value = Number(slider.value) + 1;
    update();
    if (Number(slider.value) >= last) stop();
  };
  button.addEventListener("click", () => {
    if (timer !== null) return stop();
    if (Number(slider.value) >= last) slider.value = 0;
    update();
    button.textContent = "Pause";
    timer = setInterval(step, frame);
  });
  slider.addEventListener("input", () => { stop(); update(); });
  if (last === 0) { slider.disabled = true; button.disabled = true; button.hidden = true; }
  update();
  return update;
}

/* A weight with its sign; what is rounded to nothing has none. */
function signed(value) {
  const size = Math.abs(value).toFixed(3);
  return Number(size) === 0 ? size : (value < 0 ? "−" : "+") + size;
}

function wireWeights(prefix, weights) {
  const bars = document.getElementById(`${prefix}-bars`), box = document.getElementById(`${prefix}-lines`);
  const picker = document.getElementById(`${prefix}-place`);
  let rows = [], chart = null, range = [0, 1], position = weights.steps.length - 1;

  function begin() {
    const place = weights.places[picker ? Number(picker.value) : 0], end = place.values[place.values.length - 1];
    const every = place.values.flat().filter((value) => value !== null);
    range = [Math.min(0, ...every), Math.max(0, ...every)];
    if (range[0] === range[1]) range[1] = 1;
    const leaders = place.candidates.map((_, at) => at).filter((at) => !place.constant[at])
      .sort((a, b) => Math.abs(end[b]) - Math.abs(end[a])).slice(0, NUMBERS.palette.length);
    const hue = (at) => (leaders.includes(at) ? NUMBERS.palette[leaders.indexOf(at)] : "var(--grey)");
    const lines = place.candidates.map((name, at) => ({
      label: name, x: weights.steps, y: place.values.map((row) => row[at]), low: [], high: [], role: "grey",
      colour: hue(at), dash: place.constant[at], faint: !leaders.includes(at),
    }));
    lines.sort((a, b) => Number(b.faint) - Number(a.faint));
    chart = { key: "structural weight", title: "structural weight", across: weights.unit, lines, log: false, percent: false, boundary: null };
    bars.replaceChildren();
    bars.classList.toggle("dense", place.candidates.length > 16);
    rows = place.candidates.map((name, at) => {
      const row = made("div", { class: "bar colour" + (place.constant[at] ? " constant" : ""), style: `--c: ${hue(at)}` }, bars);
      made("span", { class: "name", title: name + (place.constant[at] ? " (constant)" : "") }, row).textContent = name;
      const track = made("span", { class: "track" }, row), fill = made("span", { class: "fill" }, track);
      made("span", { class: "origin", style: `left: ${(-100 * range[0]) / (range[1] - range[0])}%` }, track);
      return { fill, value: made("span", { class: "value" }, row), values: place.values.map((step) => step[at]) };
    });
  }

  function drawLines() {
    drawChart(box, chart, { legend: false, cursor: weights.steps[position], height: Math.max(260, Math.min(420, bars.clientHeight - 24)) });
  }

  function show(at) {
    position = at;
    for (const row of rows) {
      const value = row.values[at], share = 100 / (range[1] - range[0]);
      row.value.textContent = value === null ? "–" : signed(value);
      row.fill.style.left = `${(Math.min(0, value) - range[0]) * share}%`;
      row.fill.style.width = `${Math.abs(value) * share}%`;
    }
    if (box.clientWidth > 0) drawLines();
  }

  begin();
  const update = wired(prefix, show, (at) => `${weights.unit} ${weights.steps[at]}`, Math.max(FRAME, Math.min(500, 4000 / weights.steps.length)));
  if (picker) picker.addEventListener("change", () => { begin(); update(); });
  kept(box, drawLines);
}

function wirePredictions(prefix, predictions) {
  const box = document.getElementById(`${prefix}-chart`);
  const range = extent(predictions.flatMap((each) => each.chart.lines), false);
  let position = predictions.length - 1;
  const draw = () => drawChart(box, predictions[position].chart, { range, height: 300 });
  const show = (at) => { position = at; if (box.clientWidth > 0) draw(); };
  wired(prefix, show, (at) => `epoch ${predictions[at].epoch}`, 1000);
  kept(box, draw);
}

NUMBERS.runs.forEach((run, number) => {
  run.charts.forEach((chart, at) => {
    const box = document.getElementById(`chart-${number}-${at}`);
    kept(box, () => drawChart(box, chart));
  });
  if (run.weights) wireWeights(`weights-${number}`, run.weights);
  if (run.predictions.length) wirePredictions(`predictions-${number}`, run.predictions);
});

const overlays = NUMBERS.overlays.map((chart, at) => {
  const box = document.getElementById(`overlay-${at}`), draw = () => drawChart(box, chart);
  kept(box, draw);
  return { chart, draw };
});

document.querySelectorAll(".swatch").forEach((swatch) => {
  swatch.classList.add("colour");
  swatch.style.setProperty("--c", NUMBERS.palette[Number(swatch.dataset.run) % NUMBERS.palette.length]);
});

document.querySelectorAll(".switch input").forEach((box) => {
  const update = () => {
    document.getElementById(`run-${box.dataset.run}`).hidden = !box.checked;
    for (const { chart, draw } of overlays) {
      for (const line of chart.lines) if (line.role === `run-${box.dataset.run}`) line.hidden = !box.checked;
      draw();
    }
  };
  box.addEventListener("change", update);
  if (!box.checked) update(); /* browsers remember boxes over a reload */
});
