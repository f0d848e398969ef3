// On a phone the menu lies over the page: it closes when one of its pages is chosen.
(() => {
  const WIDEST = 768; // pixels, up to which Streamlit lays it over the page
  addEventListener("click", ({ target }) => {
    if (innerWidth > WIDEST || !target.closest?.("[data-testid='stSidebarNavLink']")) return;
    document.querySelector("[data-testid='stSidebarCollapseButton'] button")?.click();
  });
})();
