// The colours and font of the style sheet for what is drawn by script, and who redraws when light turns dark.

const listeners = [];
const known = new Map(); // asking the style sheet in the middle of a redraw would lay the page out again each time

function read(name, style) {
  if (!known.has(name)) known.set(name, style());
  return known.get(name);
}

// The colour that the style sheet calls --`name` now.
export const colour = (name) =>
  read(name, () => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim());

export const font = (size = 11) => `${size}px ${read("font", () => getComputedStyle(document.body).fontFamily)}`;

export function onTheme(listener) {
  listeners.push(listener);
}

for (const query of ["(prefers-color-scheme: dark)", "(prefers-contrast: more)"]) {
  matchMedia(query).addEventListener("change", () => {
    known.clear();
    for (const listener of listeners) listener();
  });
}
