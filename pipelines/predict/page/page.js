"use strict";
const at = (id) => document.getElementById(id);
const percent = (value) => (100 * value).toFixed(1) + " %";
const MOST_CLASSES = 10;

fetch("/model").then((reply) => reply.json()).then((model) => {
  at("model").textContent = model.experiment + " · " + model.side;
  at("note").textContent = model.note;
});

let asked = 0;
async function classify(file) {
  const turn = ++asked;
  at("message").textContent = "Looking …";
  at("found").hidden = true;
  try {
    const reply = await fetch("/classify", {
      method: "POST",
      body: file,
      headers: { "Content-Type": "application/octet-stream", "X-File-Name": encodeURIComponent(file.name || "") },
    });
    const found = await reply.json();
    if (turn !== asked) return; // another picture was dropped meanwhile
    if (!reply.ok) throw new Error(found.error);
    at("message").textContent = "";
    await show(found);
  } catch (error) {
    if (turn === asked) at("message").textContent = file.name + ": " + error.message;
  }
}

async function show(found) {
  at("class").textContent = found.class;
  at("picture").src = found.picture;
  at("classes").replaceChildren(...found.classes.slice(0, MOST_CLASSES).map(([name, value]) => {
    const row = document.createElement("tr"), head = document.createElement("th"), cell = document.createElement("td");
    const bar = document.createElement("meter");
    head.scope = "row";
    head.textContent = name;
    bar.value = value;
    cell.append(bar, " " + percent(value));
    row.append(head, cell);
    return row;
  }));
  at("near").hidden = found.neighbors.length === 0;
  at("neighbors").replaceChildren(...found.neighbors.map((one) => {
    const figure = document.createElement("figure"), image = new Image(), text = document.createElement("figcaption");
    image.src = one.picture;
    image.alt = one.class;
    text.textContent = one.class + ", cosine " + one.cosine.toFixed(2);
    figure.append(image, text);
    return figure;
  }));
  await at("picture").decode();
  draw(found.evidence);
  at("found").hidden = false;
}

// Orange where covering the picture lowers the score of the class, blue where it raises it.
function draw({ of, values }) {
  const canvas = at("evidence"), n = values.length, side = 256;
  canvas.width = canvas.height = side;
  const pen = canvas.getContext("2d");
  pen.filter = "grayscale(1)";
  pen.drawImage(at("picture"), 0, 0, side, side);
  pen.filter = "none";
  const most = Math.max(...values.flat().map(Math.abs), 1e-9);
  const edge = (i) => Math.round(i * side / n);
  values.forEach((row, y) => row.forEach((value, x) => {
    pen.fillStyle = value > 0 ? "rgb(230 120 20)" : "rgb(20 100 190)";
    pen.globalAlpha = 0.65 * Math.abs(value) / most;
    pen.fillRect(edge(x), edge(y), edge(x + 1) - edge(x), edge(y + 1) - edge(y));
  }));
  at("legend").textContent = "orange speaks for " + of + ", blue against it: how its score changes where a part is covered";
}

const drop = at("drop");
for (const kind of ["dragover", "dragleave", "drop"]) {
  addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.toggle("over", kind === "dragover");
    if (kind === "drop" && event.dataTransfer.files[0]) classify(event.dataTransfer.files[0]);
  });
}
addEventListener("paste", (event) => { if (event.clipboardData.files[0]) classify(event.clipboardData.files[0]); });
at("file").addEventListener("change", (event) => {
  if (event.target.files[0]) classify(event.target.files[0]);
  event.target.value = ""; // so that the same file can be chosen again
});
