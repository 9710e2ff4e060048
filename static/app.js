// The percent leads the tab's title; everything else works without this file.
document.addEventListener("htmx:after:swap", () => {
  const progress = document.querySelector("[data-title]");
  if (progress && progress.dataset.title) {
    document.title = progress.dataset.title + document.title.replace(/^[\d.]+ % /, "");
  }
});

// After a row was corrected the keyboard goes on at the next one; a row that is not yet right keeps it.
document.addEventListener("htmx:after:swap", () => {
  const row = document.querySelector("[data-judged]");
  if (!row) return;
  const done = row.dataset.judged !== "invalid";
  row.removeAttribute("data-judged");
  let next = done ? row.nextElementSibling : row;
  while (next && !next.querySelector("input:not([type=hidden])")) next = next.nextElementSibling;
  const field = next && (next.querySelector("[aria-invalid]") || next.querySelector("input:not([type=hidden])"));
  (field || row.querySelector("button, a") || row).focus();
});
