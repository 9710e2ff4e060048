// The percent leads the tab's title; everything else works without this file.
document.addEventListener("htmx:after:swap", () => {
  const progress = document.querySelector("[data-title]");
  if (progress && progress.dataset.title) {
    document.title = progress.dataset.title + document.title.replace(/^[\d.]+ % /, "");
  }
});
