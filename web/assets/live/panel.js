// The panel of Live: its elements by name, and what is written into them.

export const part = (name) => document.getElementById(`live-${name}`);

// Shows each text in the part of its name.
export function show(texts) {
  for (const [name, text] of Object.entries(texts)) write(part(name), text);
}

// Equal text is left alone: somebody may have selected it.
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
