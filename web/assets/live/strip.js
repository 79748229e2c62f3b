// Draws a strip: two minutes from left to right, with the newest column at the right. Its series are SVG
// paths, drawn as boxes.
//
// A box is { age, width, bottom, top }: its age and width are in columns, its bottom and top are shares of
// the strip's height.

import { columnsShown } from "./counts.js";
import { part } from "./panel.js";
import { total } from "./statistics.js";

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
  const strip = path.ownerSVGElement.getBoundingClientRect();
  const known = boxes.filter(({ bottom, top }) => top >= bottom); // not so when one of them is NaN
  const outlines = known.map((box) => outline(box, strip));
  path.setAttribute("d", outlines.join(""));
}

// The path of a box: from its top right corner to the left, down, to the right, and back.
function outline({ age, width, bottom, top }, strip) {
  const right = strip.width * (1 - age / columnsShown);
  const across = (strip.width * width) / columnsShown;
  const down = strip.height * (top - bottom);
  return `M${right} ${strip.height * (1 - top)}h${-across}v${down}h${across}z`;
}
