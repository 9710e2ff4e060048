// Rows to fix: keys as in a spreadsheet, and every act without loading the page anew. Each act is a
// plain form, so the page works without this file.
(() => {
  const page = document.querySelector("#fix");
  const grid = document.querySelector("#grid");
  if (!page || !grid) return; // without rows there is nothing to move in
  const narrow = matchMedia("(max-width: 720px)");
  const words = page.dataset;
  const kept = `fix ${location.pathname}`; // in sessionStorage: what a session that ended did not save
  let leaving = false; // Escape in an unchanged cell: the next Tab leaves the grid
  let pointed = false; // the focus comes from a press, which sets the caret itself
  let sending = Promise.resolve(); // one request after another, so that the newest state is shown last

  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const seen = (element) => element.checkVisibility();
  const said = () => document.querySelector("#said");
  const rowOf = (element) => element.closest && element.closest("[role=row]");
  const isCell = (element) => element.matches && element.matches("[data-cell]");
  const differs = (cell) => cell.value !== cell.dataset.was;
  const changed = (cell) => cell.value !== (cell.dataset.sent ?? cell.dataset.was);
  const stops = (row) =>
    all("input:not([type=hidden]), textarea, button, summary, a[href]", row).filter(
      (stop) => !stop.closest(".menu-items") && !stop.matches(".save") && seen(stop));
  const lines = () => all("[role=row]", grid).filter((row) => seen(row) && stops(row).length);
  const cards = () => all(".fix-row", grid);

  // Nothing was saved, so that Enter sends what is typed once more.
  function tell(text) {
    for (const cell of all("[data-sent]", grid)) delete cell.dataset.sent;
    const line = document.createElement("p");
    line.textContent = text;
    line.className = "notice bad";
    said().replaceChildren(line);
  }

  // One element of the grid is reached by Tab; the arrow keys move among the others.
  function rove(to) {
    for (const stop of lines().flatMap(stops)) stop.tabIndex = stop === to ? 0 : -1;
  }

  function go(to) {
    if (!to) return;
    rove(to);
    to.focus();
    if (isCell(to)) to.select();
    to.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  function place(row, like) {
    const found = stops(row);
    return (like && found.find((stop) => stop.dataset.at === like)) || found.find(isCell) || found[0];
  }

  function down(from, step) {
    const rows = lines();
    const cell = isCell(from);
    let at = rows.indexOf(rowOf(from)) + step;
    // From a cell the keyboard goes on to the next cell, past the heads of groups.
    while (cell && rows[at] && !stops(rows[at]).some(isCell)) at += step;
    const row = rows[at];
    if (!row) return false;
    go(place(row, from.dataset.at));
    return true;
  }

  function aside(from, step) {
    const found = stops(rowOf(from));
    go(found[found.indexOf(from) + step]);
  }

  const atEdge = (cell, step) => {
    const { selectionStart: start, selectionEnd: end, value } = cell;
    if (end - start === value.length) return true;
    return start === end && (step < 0 ? start === 0 : end === value.length);
  };

  // Replaces each part by its id; what is typed, ticked and focused stays.
  function swap(html) {
    const made = document.createElement("template");
    made.innerHTML = html;
    const active = document.activeElement;
    const row = rowOf(active);
    const mine = active.id && isCell(active) && { value: active.value, was: active.dataset.was, ends: [active.selectionStart, active.selectionEnd] };

    for (const part of [...made.content.children]) {
      const old = part.id && document.getElementById(part.id);
      if (!old) continue;
      if (part.id === "said") {
        old.replaceChildren(...part.childNodes);
        continue;
      }
      for (const box of all("input[type=checkbox]:checked", old)) {
        const same = box.id && part.querySelector(`#${CSS.escape(box.id)}`);
        if (same && !part.dataset.done) same.checked = true;
      }
      if (old.matches(".current")) part.classList.add("current");
      if (old.ariaRowIndex) part.ariaRowIndex = old.ariaRowIndex;
      const [was, fold] = [old, part].map((one) => one.querySelector("[data-fold]"));
      if (was && fold) fold.ariaExpanded = was.ariaExpanded;
      old.replaceWith(part);
    }

    if (document.activeElement === active && active.isConnected) return rove(active);
    const again = active.id && document.getElementById(active.id);
    if (again && seen(again)) {
      pointed = true;
      again.focus();
      pointed = false;
      if (mine && mine.value !== mine.was) again.value = mine.value;
      if (mine) again.setSelectionRange(...mine.ends);
      return rove(again);
    }
    const same = row && row.id && document.getElementById(row.id);
    const left = cards().find((card) => seen(card) && !card.dataset.done);
    const any = lines().find((line) => stops(line).some(isCell));
    const next = [same, left, any].find((one) => one && seen(one) && stops(one).length);
    if (next) return go(place(next));
    (document.querySelector("#fix-back") || page).focus();
  }

  function remember() {
    const typed = all("[data-cell]", grid).filter(differs).map((cell) => [cell.id, cell.value]);
    if (typed.length) sessionStorage.setItem(kept, JSON.stringify(typed));
  }

  async function post(address, body) {
    let answer;
    try {
      answer = await fetch(address, { method: "POST", body, headers: { "HX-Request": "true" } });
    } catch {
      return tell(words.offline);
    }
    const elsewhere = answer.headers.get("HX-Redirect");
    if (answer.status === 401 || answer.headers.get("HX-Refresh")) {
      remember(); // Signing in leads back to this page, with what was typed.
      return location.reload();
    }
    if (elsewhere) return location.assign(elsewhere);
    const text = await answer.text();
    if (!answer.headers.get("X-Parts")) return tell(words.failed);
    swap(text);
    if (!answer.ok) for (const cell of all("[data-sent]", grid)) delete cell.dataset.sent;
    count();
    equip();
  }

  // What the page shows, so that the answer holds what changed of it.
  function shown(body) {
    body.append("shown", cards().map((card) => `${card.dataset.row}:${card.dataset.show}`).join(","));
    for (const head of all("[data-group]", grid)) body.append("head", head.dataset.group);
  }

  function send(form, submitter) {
    const body = new FormData(form, submitter);
    const row = rowOf(form);
    if (row) {
      const typed = all("[data-cell]", row).filter(changed);
      const whole = submitter && submitter.dataset.whole;
      for (const cell of all("[data-cell]", row)) if (!whole && !typed.includes(cell)) body.delete(cell.name);
      if (!typed.length && !whole && (!submitter || submitter.matches(".save"))) return;
      for (const cell of typed) {
        body.append(cell.name.replace("cell", "was"), cell.dataset.was);
        cell.dataset.sent = cell.value;
      }
    }
    shown(body);
    const address = (submitter && submitter.getAttribute("formaction")) || form.getAttribute("action");
    sending = sending.then(() => post(address, body)).then(() => row && on(row.id, submitter));
  }

  // What one can do with a row stands once on the page. It goes to the row whose menu opens, and to the card
  // that is shown.
  const acts = document.querySelector("#row-acts");
  const [inMenu, inCard] = acts ? acts.children : [];
  function bring(box, place) {
    const row = rowOf(place);
    const { row: number } = row.dataset;
    const cell = row.querySelector("[data-cell]");
    const one = (act) => box.querySelector(`[data-act=${act}]`);
    one("leave").setAttribute("formaction", acts.dataset.leave.replace("/problems/0/", `/problems/${number}/`));
    if (one("clear")) {
      one("clear").hidden = !cell || !cell.dataset.was;
      one("clear").textContent = acts.dataset.clear.replace("#", cell ? cell.labels[0].textContent.trim() : "");
    }
    if (one("see")) one("see").href = acts.dataset.see.replace("after=0", `after=${number - 1}`);
    place.append(box);
  }
  function equip() {
    const slot = grid.querySelector(".fix-row.current .card-acts");
    if (inCard && slot) bring(inCard, slot);
  }
  grid.addEventListener("click", (event) => {
    const summary = event.target.closest("summary[data-at=more]");
    if (summary) bring(inMenu, summary.parentElement);
  });

  // On a phone the next card comes by itself.
  function on(id) {
    const row = document.getElementById(id);
    if (narrow.matches && row && row.dataset.done && row.matches(".current")) turn(1);
  }

  function turn(step) {
    const found = cards();
    const at = found.findIndex((card) => card.matches(".current"));
    let to = at + step;
    const next = found[to];
    if (!next) {
      const more = document.querySelector("#more");
      if (step > 0 && more) more.click();
      else if (step > 0) document.querySelector("#fix-back").focus();
      return;
    }
    for (const card of found) card.classList.toggle("current", card === next);
    count();
    equip();
    const head = next.querySelector(".who");
    head.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  }

  function count() {
    const ticked = all("[name=rows]:checked").length;
    const line = document.querySelector("#ticked");
    const text = !ticked ? "" : ticked === 1 ? words.one : words.many.replace("#", ticked);
    if (line && line.textContent !== text) line.textContent = text;
    const found = cards();
    for (const [at, card] of found.entries()) {
      const place = card.querySelector(".place");
      if (place) place.textContent = words.place.replace("#", at + 1).replace("#", found.length);
    }
  }

  function paste(event) {
    const cell = event.target;
    const text = event.clipboardData.getData("text/plain");
    if (!isCell(cell) || !/[\r\n]/.test(text.replace(/[\r\n]+$/, ""))) return;
    event.preventDefault();
    const values = text.replace(/(\r\n|\r|\n)$/, "").split(/\r\n|\r|\n/);
    const below = all(`[data-cell][data-at="${cell.dataset.at}"]`, grid);
    const targets = below.slice(below.indexOf(cell));
    const body = new FormData(document.querySelector("#paste"));
    body.set("column", cell.dataset.at.slice(5));
    body.set("given", values.length);
    targets.slice(0, values.length).forEach((target, at) => {
      body.append("row", rowOf(target).dataset.row);
      body.append("value", values[at].split("\t")[0]);
    });
    shown(body);
    sending = sending.then(() => post(document.querySelector("#paste").getAttribute("action"), body));
  }

  function key(event) {
    const from = event.target;
    const row = rowOf(from);
    if (!row || from.closest(".menu-items") || event.altKey || event.isComposing) return;
    const cell = isCell(from);
    const ctrl = event.ctrlKey || event.metaKey;
    const right = getComputedStyle(grid).direction === "rtl" ? -1 : 1;
    const side = { ArrowLeft: -right, ArrowRight: right }[event.key];
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const take = () => event.preventDefault();

    if (ctrl && event.key.toLowerCase() === "z" && !(cell && changed(from))) {
      const undo = document.querySelector("#said [data-undo]");
      if (undo) { take(); undo.click(); }
    } else if (ctrl && (event.key === "Home" || event.key === "End")) {
      const found = lines().filter((line) => stops(line).some(isCell));
      take();
      if (found.length) go(place(found.at(event.key === "Home" ? 0 : -1), from.dataset.at));
    } else if (ctrl || (event.shiftKey && step) || (event.shiftKey && side)) {
      return;
    } else if (step) {
      take();
      down(from, step);
    } else if (side && (!cell || atEdge(from, side < 0 === right > 0 ? -1 : 1))) {
      take();
      aside(from, side);
    } else if (event.key === "Enter" && cell) {
      take();
      if (!down(from, event.shiftKey ? -1 : 1)) save(from);
    } else if (event.key === "Tab" && !event.shiftKey && cell && !leaving && !changed(from)) {
      const use = row.querySelector("[data-at=use]");
      if (!use || row.dataset.done) return;
      take();
      send(use.form, use);
      if (!down(from, 1)) leaving = true;
      return;
    } else if (event.key === "Escape" && cell) {
      take();
      leaving = !changed(from);
      from.value = from.dataset.was;
      from.select();
      return;
    } else if (event.key === "F2" && cell) {
      take();
      from.setSelectionRange(from.value.length, from.value.length);
    }
    if (event.key !== "Tab" && event.key !== "Shift") leaving = false;
  }

  function save(cell) {
    if (changed(cell) && cell.isConnected) send(cell.form, cell.form.querySelector(".save"));
  }

  grid.addEventListener("keydown", key);
  grid.addEventListener("paste", paste);
  grid.addEventListener("pointerdown", () => { pointed = true; });
  document.addEventListener("pointerup", () => { pointed = false; });
  grid.addEventListener("focusin", (event) => {
    if (event.target.closest(".menu-items") || !rowOf(event.target)) return;
    if (!event.target.matches(".who")) rove(event.target);
    if (isCell(event.target) && !pointed) event.target.select();
  });
  // Leaving a cell saves it, as in a spreadsheet.
  grid.addEventListener("focusout", (event) => {
    if (isCell(event.target)) save(event.target);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-parts]")) return;
    event.preventDefault();
    const menu = event.submitter && event.submitter.closest("details");
    send(form, event.submitter);
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-turn], [data-fold], [data-list], [data-tick]");
    if (!button) return;
    if (button.dataset.turn) turn(Number(button.dataset.turn));
    if (button.hasAttribute("data-list")) page.classList.toggle("as-list");
    if (button.hasAttribute("data-tick")) {
      for (const box of all("[name=rows]", grid)) box.checked = button.checked;
      count();
    }
    if (button.hasAttribute("data-fold")) {
      const group = document.getElementById(button.getAttribute("aria-controls"));
      const shut = group.classList.toggle("closed");
      button.setAttribute("aria-expanded", String(!shut));
    }
  });
  document.addEventListener("change", (event) => {
    if (event.target.name === "rows") count();
  });

  // What others change of these rows meanwhile.
  async function news() {
    if (document.hidden || all("[data-sent]", grid).length) return;
    const asked = new FormData();
    shown(asked);
    asked.append("act", document.querySelector("#fix-state").dataset.act);
    const answer = await fetch(`${words.news}${words.news.includes("?") ? "&" : "?"}${new URLSearchParams(asked)}`, {
      headers: { "HX-Request": "true" } }).catch(() => null);
    if (answer && answer.status === 200 && answer.headers.get("X-Parts")) {
      swap(await answer.text());
      equip();
    }
  }
  if (words.news) setInterval(() => { sending = sending.then(news); }, 15000);

  const typed = JSON.parse(sessionStorage.getItem(kept) || "[]");
  sessionStorage.removeItem(kept);
  let first;
  for (const [id, value] of typed) {
    const cell = document.getElementById(id);
    if (!cell || !isCell(cell)) continue;
    cell.value = value;
    first = first || cell;
  }
  count();
  equip();
  const start = lines().find((line) => stops(line).some(isCell));
  if (first) {
    go(first);
    tell(words.typed);
  } else if (start) rove(place(start));
})();
