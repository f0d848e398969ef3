// One step of a visitor is one step of the browser's Back.
//
// Streamlit adds an entry to the history whenever it changes the address: one for another page, one
// more for each parameter that this page then names, sometimes one for the page that is left. Only
// the first one after something that the visitor did stays an entry; the others change that one.
(() => {
  let acted = false;
  const push = history.pushState.bind(history);
  history.pushState = (...entry) => {
    if (acted) push(...entry);
    else history.replaceState(...entry);
    acted = false;
  };
  for (const kind of ["pointerdown", "keydown", "click"]) {
    addEventListener(kind, () => { acted = true; }, true);
  }
  addEventListener("popstate", () => { acted = false; }, true);
})();
