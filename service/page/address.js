// What stands behind the # of the address: the open view and its settings, so that a view can be shared as a link.
// A part of them belongs to one view or to several: `entries()` are its settings as pairs, `take(given)` puts them back.
const parts = [];

// The view that the address names, or null.
export const named = () => (location.hash.startsWith("#/") ? location.hash.slice(2).split("?")[0] : null);
const given = () => new URLSearchParams(location.hash.split("?").slice(1).join("?"));

export function share(part) {
  parts.push(part);
  if (part.views.includes(named())) part.take(given());
}

// An object with the settings of `view`, as the address says them or else as they are in `plain`: texts, numbers and
// flags; null is a number that is not set. Only what differs from `plain` stands in the address.
export function settings(view, plain) {
  const values = { ...plain };
  const read = (name, text) => {
    if (typeof plain[name] === "string") return text;
    if (typeof plain[name] === "boolean") return text === "true";
    return text !== "" && Number.isFinite(Number(text)) ? Number(text) : plain[name];
  };
  share({
    views: [view],
    entries: () => Object.entries(values).filter(([name, value]) => value !== plain[name]),
    take: (from) => {
      for (const name of Object.keys(plain)) values[name] = from.has(name) ? read(name, from.get(name)) : plain[name];
    },
  });
  return values;
}

// Lets the address say what is on the screen.
export function write(view) {
  const entries = parts.filter(({ views }) => views.includes(view)).flatMap((part) => part.entries());
  const query = new URLSearchParams(entries.map(([name, value]) => [name, String(value)])).toString();
  history.replaceState(null, "", `#/${view}${query && "?"}${query}`);
}

// Calls `moved(view)` when somebody opens another address in this page.
export function follow(moved) {
  addEventListener("hashchange", () => {
    const view = named();
    if (view === null) return; // a jump within the page
    for (const part of parts) if (part.views.includes(view)) part.take(given());
    moved(view);
  });
}
