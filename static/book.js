// How many contacts are ticked, and a box that ticks a page of them; all acts work without this file.
(() => {
  const boxes = () => [...document.querySelectorAll(".book input.tick")];
  const count = document.querySelector("#ticked-count");
  if (!count) return;
  let last = null;

  function tell() {
    const ticked = boxes().filter((box) => box.checked).length;
    const words = ticked === 1 ? count.dataset.one : count.dataset.many;
    if (ticked) count.textContent = words.replace("#", ticked.toLocaleString(document.documentElement.lang || "en"));
  }

  document.addEventListener("change", (event) => {
    if (event.target.matches(".book input.tick")) tell();
  });
  // With Shift, all between the last box and this one.
  document.addEventListener("click", (event) => {
    const box = event.target;
    if (!box.matches || !box.matches(".book input.tick")) return;
    const all = boxes();
    const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
    if (event.shiftKey && from >= 0) for (const one of all.slice(from, to + 1)) one.checked = box.checked;
    last = box;
    tell();
  });
  document.addEventListener("reset", () => setTimeout(tell));
  tell();
})();
