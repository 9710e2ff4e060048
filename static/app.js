// The percent leads the tab's title; everything else works without this file.
document.addEventListener("htmx:after:swap", () => {
  const progress = document.querySelector("[data-title]");
  if (progress && progress.dataset.title) {
    document.title = progress.dataset.title + document.title.replace(/^[\d.,]+\s?% /, "");
  }
});

// The server groups what happened by the reader's own days. A slow phone takes a twentieth of a second
// to tell its zone, so it is asked once the page stands.
addEventListener("load", () => {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  if (timeZone) document.cookie = `zone=${timeZone}; path=/; max-age=31536000; samesite=lax`;
});

// Moments in the reader's own zone: "Today 20:59". The page has them in UTC, and the title keeps that.
{
  const page = document.documentElement.lang || "en";
  const language = page === "en" ? "en-GB" : page;
  const midnight = (at) => new Date(at.getFullYear(), at.getMonth(), at.getDate());
  // Each is made once it is needed, and kept: making one takes as long as telling a hundred moments.
  const formats = {};
  const written = (at, shape) => (formats[JSON.stringify(shape)] ??= new Intl.DateTimeFormat(language, shape)).format(at);
  const hour = (at) => written(at, { timeStyle: "short" });
  const day = (at) => {
    const days = Math.round((midnight(at) - midnight(new Date())) / 864e5);
    const year = at.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
    if (Math.abs(days) > 1) return written(at, { day: "numeric", month: "long", year });
    formats.near ??= new Intl.RelativeTimeFormat(language, { numeric: "auto" });
    return formats.near.format(days, "day");
  };
  const tell = () => {
    for (const time of document.querySelectorAll("time[datetime]:not([data-as=plain])")) {
      if (!time.textContent) continue; // Its text is still on the way.
      const at = new Date(time.dateTime);
      if (time.dataset.told === time.dateTime || !time.dateTime.includes("T") || isNaN(at)) continue;
      const shape = time.dataset.as;
      const said = shape === "time" ? hour(at) : shape === "day" ? day(at) : `${day(at)} ${hour(at)}`;
      time.title = time.title || time.textContent.trim();
      // A line that begins with the moment begins with a capital.
      time.textContent = time.previousSibling && time.previousSibling.textContent.trim() ? said
        : said.charAt(0).toLocaleUpperCase(language) + said.slice(1);
      time.dataset.told = time.dateTime;
    }
  };
  document.addEventListener("htmx:after:swap", tell);
  // As the page comes in, so that nothing moves later; and what is put into it afterwards.
  new MutationObserver(tell).observe(document.documentElement, { childList: true, subtree: true });
}

// A menu closes by Escape, by a press beside it, and when the keyboard leaves it.
{
  const close = (unless) => document.querySelectorAll(".menu[open]").forEach((menu) => {
    if (!unless || !menu.contains(unless)) menu.open = false;
  });
  document.addEventListener("click", (event) => close(event.target));
  document.addEventListener("focusin", (event) => close(event.target));
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.querySelector(".menu[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}
