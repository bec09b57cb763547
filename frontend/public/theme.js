// Sets light or dark before the first paint, so that no page flashes: by the choice that this browser keeps, else
// by its own setting. The dashboard tells of a new choice with the event.
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let choice = null;
  try {
    choice = localStorage.getItem("llmforge.theme");
  } catch {
    // storage is blocked: the browser's setting decides
  }
  const apply = () => {
    document.documentElement.dataset.theme = choice === "dark" || (choice !== "light" && dark.matches) ? "dark" : "light";
    dispatchEvent(new Event("llmforge:painted"));
  };
  apply();
  dark.addEventListener("change", apply);
  addEventListener("llmforge:theme", (event) => {
    choice = event.detail;
    apply();
  });
  addEventListener("storage", (event) => {
    if (event.key !== "llmforge.theme") return;
    choice = event.newValue;
    apply();
  });
})();
