// Sends a file while the person watches: XMLHttpRequest tells how much has gone. Without this file the form sends it.
(() => {
  const choose = document.querySelector("#choose");
  const sending = document.querySelector("#sending");
  if (!choose || !sending) return;

  const part = (name) => sending.querySelector(`#sending-${name}`);
  const drop = () => choose.querySelector("#drop");
  const words = sending.dataset;
  const language = document.documentElement.lang || "en";
  const title = document.title;
  const MEGABYTE = 1024 * 1024;
  const KNOWN_AFTER = 2000; // milliseconds, until speed and time left are worth telling
  const SLOW = 0.2; // megabytes a second: below, hundredths are shown, so that each second moves
  const SILENT = 30000; // milliseconds without a byte, until the connection counts as lost
  let request = null;
  let last = null; // what was sent last: its form and its file, for sending it again

  const said = (text, facts) => text.replace(/\{(\w+)\}/g, (_, name) => facts[name]);
  const inUnits = (value, unit, digits = 0) =>
    new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: unit === "megabyte" ? "short" : "long",
      minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
  const amount = (bytes, digits) =>
    (bytes / MEGABYTE).toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const size = (bytes, digits) => inUnits(bytes / MEGABYTE, "megabyte", digits);
  const duration = (seconds) =>
    seconds < 90 ? inUnits(Math.max(Math.ceil(seconds), 1), "second") : inUnits(Math.round(seconds / 60), "minute");

  const newKey = () => [...crypto.getRandomValues(new Uint32Array(4))].join("-");

  // What is told while the bytes travel. `began` is when they began to.
  function show(name, sent, total, began) {
    const passed = performance.now() - began;
    const known = passed > KNOWN_AFTER && sent > 0;
    const speed = sent / (passed / 1000); // bytes a second
    const digits = total < 10 * MEGABYTE || (known && speed < SLOW * MEGABYTE) ? 2 : 1;
    const percent = Math.floor((sent / total) * 100);
    const inPercent = new Intl.NumberFormat(language, { style: "percent" });
    const percentWords = inPercent.format(percent / 100);

    if (sent >= total) {
      part("heading").textContent = words.reading;
      part("left").textContent = words.open;
    } else {
      part("heading").textContent = said(words.heading, { sent: amount(sent, digits), total: size(total, digits) });
      part("left").textContent = known
        ? said(words.left, { time: duration((total - sent) / speed) })
        : words.open;
    }
    part("name").textContent = name;
    part("size").textContent = size(total, digits);
    part("percent").textContent = percentWords;
    part("bar").value = (sent / total) * 1000;
    part("sent").textContent = said(known ? words.speed : words.sent, { sent: size(sent, digits), speed: size(speed, 2) });
    part("togo").textContent = said(words.togo, { size: size(total - sent, digits) });
    document.title = `${percentWords} · ${title}`;
    // A screen reader hears each tenth, not each event.
    const tenth = inPercent.format(Math.floor(percent / 10) / 10);
    if (part("told").textContent !== tenth) part("told").textContent = tenth;
  }

  function showForm() {
    sending.hidden = true;
    choose.hidden = false;
    document.title = title;
    request = null;
  }

  // Why nothing was sent, in the drop zone, with buttons that lead on.
  function refuse(heading, hint, buttons = []) {
    showForm();
    const place = choose.querySelector("#invitation");
    place.setAttribute("role", "alert");
    place.replaceChildren(
      Object.assign(document.createElement("h2"), { textContent: heading, tabIndex: -1, className: "bad" }),
      Object.assign(document.createElement("p"), { textContent: hint }),
      ...buttons.map(([text, act]) => {
        const button = Object.assign(document.createElement("button"), { type: "button", textContent: text, className: "soft" });
        button.addEventListener("click", act);
        return button;
      }),
    );
    drop().classList.add("refused");
    place.firstChild.focus();
  }

  const again = () => [words.again, () => last && renew().then((signedIn) => signedIn && send(last.form, last.file))];

  // Take the form's token anew, as after signing in again; whether the person is signed in.
  async function renew(sent = 0) {
    try {
      const answer = await fetch(drop().action, { credentials: "same-origin", redirect: "manual" });
      if (!answer.ok) throw answer;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("[name=csrf_token]").value;
      for (const field of document.querySelectorAll("[name=csrf_token]")) field.value = fresh;
      return true;
    } catch (problem) {
      if (problem.type === "opaqueredirect") refuse(words.signedOut, words.signedOutHint, [again()]);
      else lost(sent);
      return false;
    }
  }

  function lost(sent) {
    refuse(said(words.lost, { sent: size(sent, 1) }), words.lostHint, [again()]);
  }

  // The answer is where to go on, or a page that says why not.
  function answered(asked) {
    const onward = asked.getResponseHeader("HX-Redirect");
    if (asked.status === 401) return refuse(words.signedOut, words.signedOutHint, [again()]);
    if (onward) return window.location.assign(onward);
    if (asked.getResponseHeader("HX-Refresh")) {
      return renew().then((signedIn) => signedIn && !last.renewed && send(last.form, last.file, true));
    }

    const page = new DOMParser().parseFromString(asked.responseText, "text/html");
    const zone = page.querySelector("#drop");
    if (!zone) {
      const heading = page.querySelector("main h1");
      const hint = page.querySelector("main h1 + p");
      return refuse(heading ? heading.textContent : words.lost, hint ? hint.textContent : "", [again()]);
    }
    showForm();
    drop().replaceWith(document.adoptNode(zone));
    listen();
    drop().querySelector("h2").focus();
  }

  // The same key with the same bytes is the same import, however often it is sent.
  function send(form, file, renewed = false) {
    const isSame = last && last.form === form && last.file === file && file;
    last = { form, file, renewed, key: isSame ? last.key : newKey() };
    const body = new FormData(form);
    if (file) {
      if (file.size > Number(drop().dataset.limit)) return refuse(words.large, words.largeHint);
      body.set("file", file);
    } else if (form.id === "drop") return;

    const name = file ? file.name : words.pasted;
    const began = performance.now();
    let sent = 0;
    let total = file ? file.size : body.get("text").length;
    request = new XMLHttpRequest();
    const asked = request;
    asked.upload.addEventListener("progress", (event) => {
      sent = event.loaded;
      total = event.total;
      clearTimeout(asked.patience);
      if (sent < total) asked.patience = setTimeout(asked.giveUp, SILENT);
      show(name, sent, total, began);
    });
    asked.addEventListener("load", () => answered(asked));
    asked.addEventListener("abort", () => (asked.isLost ? lost(sent) : showForm()));
    asked.addEventListener("error", () => whyNot(sent));
    // A line that is cut without a word ends nothing by itself.
    asked.giveUp = () => {
      asked.isLost = true;
      asked.abort();
    };
    asked.patience = setTimeout(asked.giveUp, SILENT);
    asked.addEventListener("loadend", () => clearTimeout(asked.patience));
    asked.open("POST", drop().action);
    asked.setRequestHeader("HX-Request", "true");
    asked.setRequestHeader("Idempotency-Key", last.key);

    choose.hidden = true;
    sending.hidden = false;
    show(name, 0, Math.max(total, 1), began);
    part("heading").focus();
    asked.send(body);
  }

  // A server that turns a body away may close the line before its answer is read: ask it what is the matter.
  async function whyNot(sent) {
    if (await renew(sent)) lost(sent);
  }

  function take(files) {
    if (request || !files.length) return;
    if (files.length === 1) return send(drop(), files[0]);
    const buttons = [...files].slice(0, 5).map((file) => [file.name, () => send(drop(), file)]);
    refuse(words.several, said(words.severalHint, { count: files.length }), buttons);
  }

  function listen() {
    const field = drop().querySelector("#file");
    field.addEventListener("change", () => take(field.files));
    drop().addEventListener("submit", (event) => {
      event.preventDefault();
      take(field.files);
    });
  }

  // The whole page is the target of a drop.
  let depth = 0;
  const carriesFiles = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
  const mark = (on) => document.body.classList.toggle("dropping", on);
  window.addEventListener("dragenter", (event) => carriesFiles(event) && mark(++depth > 0));
  window.addEventListener("dragleave", (event) => carriesFiles(event) && mark(--depth > 0));
  window.addEventListener("dragover", (event) => carriesFiles(event) && event.preventDefault());
  window.addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    mark((depth = 0) > 0);
    take(event.dataTransfer.files);
  });

  // So is it of a paste: rows go into the text area, where they can be looked at before they are sent.
  const paste = choose.querySelector("#paste");
  window.addEventListener("paste", (event) => {
    if (request || event.target.closest?.("input, textarea")) return;
    if (event.clipboardData.files.length) return take(event.clipboardData.files);
    const text = event.clipboardData.getData("text/plain");
    if (!text.trim()) return;
    event.preventDefault();
    paste.querySelector("details").open = true;
    paste.querySelector("textarea").value = text;
    paste.querySelector("button").focus();
  });
  paste.addEventListener("submit", (event) => {
    event.preventDefault();
    send(paste, null);
  });

  sending.querySelector("#cancel").addEventListener("click", () => {
    request?.abort();
    drop().querySelector("#file").value = "";
    drop().querySelector("#file").focus();
  });
  window.addEventListener("offline", () => request?.giveUp());
  // The Back button may bring this page back as it was left.
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    showForm();
    for (const form of choose.querySelectorAll("#drop, #paste")) form.reset();
  });
  listen();
})();
