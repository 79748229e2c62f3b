// Draws a strip: two minutes from left to right, with the newest column at the right. Its series are SVG
// paths, drawn as boxes.
//
// A box is { age, width, bottom, top }: its age and width are in columns, its bottom and top are shares of
// the strip's height.

import { columnsShown } from "./counts.js";
import { part } from "./panel.js";
import { total } from "./statistics.js";

const boxesOf = new Map(); // what each path shows
const sizeOf = new Map(); // how large each strip is, in pixels

// Told of new sizes, it never asks for one: after a change, that makes the browser lay out the page at once.
const resizing = new ResizeObserver((strips) => {
  for (const { target, contentRect } of strips) {
    sizeOf.set(target, contentRect);
    for (const path of boxesOf.keys()) if (path.ownerSVGElement === target) drawPath(path);
  }
});
for (const name of ["versions", "failures", "latencies"]) resizing.observe(part(name));

// Draws which share each title has of a column, one series on top of the other. `name` is that of the strip
// and of the counts.
export function drawShares(name, columns, titles) {
  const boxesOfSeries = titles.map(() => []);
  for (const column of columns) {
    const counts = column[name];
    let bottom = 0;
    titles.forEach((title, series) => {
      const top = bottom + (counts[title] ?? 0) / total(counts);
      boxesOfSeries[series].push({ age: column.age, width: 0.9, bottom, top });
      bottom = top;
    });
  }
  const paths = part(name).querySelectorAll(".series");
  paths.forEach((path, series) => drawBoxes(path, boxesOfSeries[series] ?? []));
}

// Marks a range of the height, or one height, over all columns.
export function drawMark(path, low, high = low) {
  drawBoxes(path, [{ age: 0, width: columnsShown, bottom: low, top: high }]);
}

export function drawBoxes(path, boxes) {
  const known = boxes.filter(({ bottom, top }) => top >= bottom); // not so when one of them is NaN
  boxesOf.set(path, known);
  drawPath(path);
}

// An equal outline is left alone: a browser paints again whatever is written.
function drawPath(path) {
  const size = sizeOf.get(path.ownerSVGElement) ?? { width: 0, height: 0 };
  const outlines = boxesOf.get(path).map((box) => outline(box, size));
  const d = outlines.join("");
  if (path.getAttribute("d") !== d) path.setAttribute("d", d);
}

// The path of a box: from its top right corner to the left, down, to the right, and back.
function outline({ age, width, bottom, top }, strip) {
  const right = strip.width * (1 - age / columnsShown);
  const across = (strip.width * width) / columnsShown;
  const down = strip.height * (top - bottom);
  return `M${right} ${strip.height * (1 - top)}h${-across}v${down}h${across}z`;
}
