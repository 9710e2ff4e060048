// At a row in conflict the digits press the choices, and Backspace leads to the row before.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || event.repeat) return;
  if (event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select")) return;
  const shown = (query) => [...document.querySelectorAll(query)].find((at) => at.checkVisibility());
  const at = event.key === "Backspace" ? shown("[data-before]") : /^[1-9]$/.test(event.key) && shown(`[data-choice="${event.key}"]`);
  if (!at) return;
  event.preventDefault();
  at.click();
});
