// Four small things to try; the page reads the same without them.
const SVG = "http://www.w3.org/2000/svg";
const make = (tag, attributes = {}, parent) => {
  const element = tag.startsWith("svg:") ? document.createElementNS(SVG, tag.slice(4)) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  parent?.append(element);
  return element;
};
const say = (parent, text) => { const line = make("p", {}, parent); line.textContent = text; return line; };
const canvas = (parent, height, label) => make("svg:svg", { viewBox: `0 0 400 ${height}`, role: "img", "aria-label": label }, parent);
const trace = (points) => "M" + points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L");
const steps = (n) => Array.from({ length: n + 1 }, (_, i) => i / n);
const round = (value) => value.toFixed(2).replace("-", "−");

// Move a grip with the pointer or the arrow keys; move gets the place in the drawing's own units.
function grip(svg, circle, label, move) {
  for (const [name, value] of Object.entries({ class: "grip", tabindex: 0, role: "slider", "aria-label": label, "aria-valuemin": -1.6, "aria-valuemax": 1.6, "aria-valuenow": 0 })) circle.setAttribute(name, value);
  const at = (event) => new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  circle.addEventListener("pointerdown", (event) => circle.setPointerCapture(event.pointerId));
  circle.addEventListener("pointermove", (event) => {
    if (circle.hasPointerCapture(event.pointerId)) { const place = at(event); move(place.x, place.y); }
  });
  const keys = { ArrowLeft: [-6, 0], ArrowRight: [6, 0], ArrowUp: [0, -6], ArrowDown: [0, 6] };
  circle.addEventListener("keydown", (event) => {
    if (!(event.key in keys)) return;
    event.preventDefault();
    const [dx, dy] = keys[event.key];
    move(Number(circle.getAttribute("cx")) + dx, Number(circle.getAttribute("cy")) + dy);
  });
}

const PLAYS = {
  neuron(box) {
    say(box, "Turn the weights: y = max(0, w x + b), blue, and its slope for x, orange.");
    const svg = canvas(box, 170, "A ReLU unit with adjustable weight and bias");
    make("svg:path", { d: "M0 120H400M200 0V170", stroke: "var(--rule)" }, svg);
    const slope = make("svg:path", { fill: "none", stroke: "var(--hand)", "stroke-width": 2, "stroke-dasharray": "5 3" }, svg);
    const value = make("svg:path", { fill: "none", stroke: "var(--net)", "stroke-width": 2.5 }, svg);
    const inputs = ["weight w", "bias b"].map((name, i) => {
      const label = make("label", {}, box);
      make("span", {}, label).textContent = name;
      const input = make("input", { type: "range", min: -3, max: 3, step: 0.1, value: i ? 0.5 : 1 }, label);
      return [input, make("output", {}, label)];
    });
    const draw = () => {
      const [w, b] = inputs.map(([input, output]) => { output.textContent = round(Number(input.value)); return Number(input.value); });
      const line = (f) => trace(steps(200).map((t) => [400 * t, 120 - 25 * f(8 * t - 4)])); // what leaves the drawing is cut off
      value.setAttribute("d", line((x) => Math.max(0, w * x + b)));
      slope.setAttribute("d", line((x) => (w * x + b > 0 ? w : 0)));
    };
    for (const [input] of inputs) input.addEventListener("input", draw);
    draw();
  },

  bumps(box) {
    const note = say(box, "");
    const svg = canvas(box, 220, "Eight bumps with adjustable heights, and their sum, over a wavy curve");
    const f = (x) => Math.sin(2 * Math.PI * x) + 0.5 * Math.sin(5 * Math.PI * x);
    const n = 8, heights = Array(n).fill(0), X = (x) => 10 + 380 * x, Y = (y) => 110 - 62 * y;
    make("svg:path", { d: trace(steps(200).map((x) => [X(x), Y(f(x))])), fill: "none", stroke: "var(--neutral)", "stroke-width": 4 }, svg);
    const sum = make("svg:path", { fill: "none", stroke: "var(--hand)", "stroke-width": 2 }, svg);
    const ramp = (x) => Math.max(0, Math.min(1, x));
    const bump = (i, x) => (i === 0 ? 1 : ramp(2 * (n * x - i) + 0.5)) - (i === n - 1 ? 0 : ramp(2 * (n * x - i - 1) + 0.5));
    const net = (x) => heights.reduce((total, height, i) => total + height * bump(i, x), 0);
    const circles = heights.map((_, i) => make("svg:circle", { cx: X((i + 0.5) / n), cy: Y(0), r: 9, fill: "var(--hand)" }, svg));
    const draw = () => {
      sum.setAttribute("d", trace(steps(400).map((x) => [X(x), Y(net(x))])));
      circles.forEach((circle, i) => { circle.setAttribute("cy", Y(heights[i])); circle.setAttribute("aria-valuenow", heights[i].toFixed(2)); circle.setAttribute("aria-valuetext", round(heights[i])); });
      const error = Math.max(...steps(400).map((x) => Math.abs(net(x) - f(x))));
      note.textContent = `Drag the bumps up and down until their sum follows the gray curve. Largest error: ${round(error)}.`;
    };
    circles.forEach((circle, i) => grip(svg, circle, `height of bump ${i + 1}`, (_, y) => { heights[i] = Math.max(-1.6, Math.min(1.6, (110 - y) / 62)); draw(); }));
    draw();
  },

  steps(box) {
    const figure = document.getElementById(box.dataset.figure);
    const numbers = [...figure.querySelectorAll("[data-step]")];
    const order = [...new Set(numbers.map((number) => Number(number.dataset.step)))].sort((a, b) => a - b);
    let shown = order.length;
    const show = (count) => {
      shown = Math.max(0, Math.min(order.length, count));
      for (const number of numbers) number.classList.toggle("unseen", order.indexOf(Number(number.dataset.step)) >= shown);
      note.textContent = `Step ${shown} of ${order.length} of the graph above: ` + (shown < order.length ? "what comes next?" : "all values and gradients.");
    };
    const note = say(box, "");
    for (const [text, act] of [["From the start", () => show(0)], ["Next step", () => show(shown + 1)], ["All", () => show(order.length)]]) {
      const button = make("button", { type: "button" }, box);
      button.textContent = text;
      button.addEventListener("click", act);
    }
    show(order.length);
  },

  warp(box) {
    const weights = JSON.parse(box.dataset.weights.replaceAll("'", '"')), biases = JSON.parse(box.dataset.biases);
    const hidden = weights.length - 1;
    const note = say(box, "");
    const svg = canvas(box, 210, "A point of the input plane, and where the last hidden layer takes it");
    const side = 190, place = (left, [x, y]) => [left + side / 2 + (x * side) / 2.5, 100 - (y * side) / 2.5];
    const layer = (i, [x, y]) => [0, 1].map((k) => x * weights[i][0][k] + y * weights[i][1][k] + biases[i][k]);
    const views = (point) => { let p = point; return [p, ...weights.slice(0, hidden).map((_, i) => (p = layer(i, p).map(Math.tanh)))]; };
    for (const left of [2, 208]) make("svg:rect", { x: left, y: 5, width: side, height: side, fill: "none", stroke: "var(--neutral)" }, svg);
    for (const t of steps(10)) for (const turned of [false, true]) {
      const line = steps(60).map((s) => (turned ? [2.2 * s - 1.1, 2.2 * t - 1.1] : [2.2 * t - 1.1, 2.2 * s - 1.1]));
      make("svg:path", { d: trace(line.map((p) => place(2, p))), fill: "none", stroke: "var(--rule)" }, svg);
      make("svg:path", { d: trace(line.map((p) => place(208, views(p)[hidden]))), fill: "none", stroke: "var(--rule)" }, svg);
    }
    const [w, b] = [0, 1].map((k) => weights[hidden][k][1] - weights[hidden][k][0]), c = biases[hidden][1] - biases[hidden][0];
    const far = 9 / Math.hypot(w, b), foot = -c / (w * w + b * b); // the line w u + b v + c = 0, from its foot both ways
    make("svg:rect", { x: 208, y: 5, width: side, height: side }, make("svg:clipPath", { id: "warp-right" }, svg));
    make("svg:path", { d: trace([-far, far].map((t) => place(208, [foot * w - t * b, foot * b + t * w]))), stroke: "var(--ink)", "stroke-width": 1.5, "clip-path": "url(#warp-right)" }, svg);
    const path = make("svg:path", { fill: "none", stroke: "var(--hand)", "stroke-width": 1.5 }, svg);
    const end = make("svg:circle", { r: 7 }, svg), start = make("svg:circle", { r: 9 }, svg);
    const move = (cx, cy) => {
      const point = [((cx - 2 - side / 2) * 2.5) / side, ((100 - cy) * 2.5) / side].map((v) => Math.max(-1.1, Math.min(1.1, v)));
      const seen = views(point), score = layer(hidden, seen[hidden]), blue = score[1] > score[0];
      const [x, y] = place(2, point), [u, v] = place(208, seen[hidden]);
      for (const [circle, a, b] of [[start, x, y], [end, u, v]]) {
        circle.setAttribute("cx", a); circle.setAttribute("cy", b); circle.setAttribute("fill", blue ? "var(--net)" : "var(--hand)");
      }
      path.setAttribute("d", trace(seen.slice(1).map((p) => place(208, p))));
      start.setAttribute("aria-valuetext", `${point.map(round).join(", ")}: class ${blue ? "blue" : "orange"}`);
      note.textContent = `Drag the left point. Right: the way it takes through the layers to where layer ${hidden} puts it, and the line between the classes. Class ${blue ? "blue" : "orange"}.`;
    };
    grip(svg, start, "point of the input plane", move);
    move(150, 60);
  },
};

for (const box of document.querySelectorAll("[data-play]")) {
  box.classList.add("play");
  PLAYS[box.dataset.play](box);
}
