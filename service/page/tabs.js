// The tab list: arrows move between the views.

// Calls `open(name)` with the view that is to be shown, `first` at once; what it gives shows another one.
export function tabs(first, open) {
  const all = [...document.querySelectorAll("[role=tab]")];
  const panelOf = (tab) => document.getElementById(tab.getAttribute("aria-controls"));

  function choose(tab, focus) {
    for (const other of all) {
      const chosen = other === tab;
      other.setAttribute("aria-selected", String(chosen));
      other.tabIndex = chosen ? 0 : -1;
      panelOf(other).hidden = !chosen;
    }
    if (focus) tab.focus();
    open(panelOf(tab).id);
  }

  for (const [n, tab] of all.entries()) {
    tab.addEventListener("click", () => choose(tab, false));
    tab.addEventListener("keydown", (event) => {
      const to = { ArrowRight: n + 1, ArrowLeft: n - 1, Home: 0, End: all.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      choose(all[(to + all.length) % all.length], true);
    });
  }
  const show = (name) => choose(all.find((tab) => panelOf(tab).id === name) ?? all[0], false);
  show(first);
  return show;
}
