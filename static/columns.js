// The columns page: everything works without this file. A choice in a strip that asks is an answer, the
// fields can be searched, countries stand in the reader's language, and what could not be sent is kept.
const form = document.getElementById("columns");
const done = document.getElementById("done");
const lang = document.documentElement.lang;
const place = `columns:${location.pathname}`;

// Which strip was answered, for the request that follows, and where the keyboard was.
let strip = null;
function answering(target) {
  strip = target.closest(".ask");
  done.value = strip ? strip.dataset.key : "";
}
form.addEventListener("change", (event) => answering(event.target), true);
form.addEventListener("click", (event) => {
  strip = event.target.closest(".ask");
  // The guess that is chosen already is an answer too.
  const radio = event.target.matches("input[type=radio]:checked") && event.target;
  if (radio && radio.dataset.was === radio.value) radio.dispatchEvent(new Event("change", { bubbles: true }));
}, true);
form.addEventListener("pointerdown", (event) => {
  const label = event.target.closest(".segmented label");
  const radio = label && label.querySelector("input");
  if (radio) radio.dataset.was = radio.checked ? radio.value : "";
}, true);

// Focus is never lost: where the strip that held it says something else now, its button has it.
document.addEventListener("htmx:after:swap", () => {
  done.value = "";
  countries();
  if (!strip) return;
  const now = document.getElementById(strip.id);
  const lost = !document.activeElement || document.activeElement === document.body || !document.activeElement.isConnected;
  if (lost) {
    const column = document.getElementById(strip.id.replace(/^q(\d+)-.*/, "column-$1"));
    const next = (now && now.querySelector("button, input:not([type=hidden]), select")) || (column && column.querySelector("select.field"));
    if (next) next.focus();
  }
  strip = null;
});

// What could not be sent, since the session was over, is there after signing in again.
const kept = (data) => [...data].filter(([name]) => !["csrf_token", "seen", "done"].includes(name));
form.addEventListener("change", () => sessionStorage.setItem(place, JSON.stringify(kept(new FormData(form)))));
form.addEventListener("submit", () => sessionStorage.setItem(place, JSON.stringify(kept(new FormData(form)))));
document.addEventListener("htmx:after:request", (event) => {
  const answer = event.detail.ctx && event.detail.ctx.response;
  if (answer && answer.status === 200 && answer.raw && !answer.raw.redirected) sessionStorage.removeItem(place);
});
const unsent = sessionStorage.getItem(place);
if (unsent) {
  sessionStorage.removeItem(place);
  const values = new Map();
  for (const [name, value] of JSON.parse(unsent)) values.set(name, [...(values.get(name) || []), value]);
  for (const field of form.elements) {
    if (!field.name || field.type === "hidden" || field.tagName === "BUTTON") continue;
    const given = values.get(field.name) || [];
    if (field.type === "checkbox" || field.type === "radio") field.checked = given.includes(field.value);
    else if (given.length) field.value = given.length > 1 ? given.shift() : given[0];
  }
  addEventListener("load", () => form.dispatchEvent(new Event("change", { bubbles: true })));
}

// Countries by their names in the reader's language.
function countries() {
  if (lang.startsWith("en") || !Intl.DisplayNames) return;
  const names = new Intl.DisplayNames([lang], { type: "region" });
  for (const option of document.querySelectorAll(".countries:not([data-named]) option[value]:not([value=''])")) {
    option.text = option.text.replace(/^[^(]+?(?= \(\+|$)/, names.of(option.value));
  }
  document.querySelectorAll(".countries").forEach((select) => select.setAttribute("data-named", ""));
}
countries();

// The list of fields with a search: a combobox with a list below it, over the select that stays in the form.
const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const own = [...document.querySelectorAll("#own-fields option")].map((option) => option.value);
const picker = document.createElement("div");
picker.className = "picker";
picker.hidden = true;
picker.innerHTML = '<input type="text" role="combobox" aria-expanded="true" aria-controls="picker-list" aria-autocomplete="list" autocomplete="off">' +
  '<ul role="listbox" id="picker-list"></ul><p class="sr" role="status"></p>';
document.getElementById("main").append(picker);
const [search, list, said] = picker.children;
search.setAttribute("aria-label", form.dataset.search);
search.placeholder = form.dataset.search;
list.setAttribute("aria-label", form.dataset.search);
let open = null;
let at = -1;

function choices(text) {
  const wanted = fold(text.trim());
  const fields = [...open.options].map((option) => ({ value: option.value, words: option.text.trim() }));
  if (wanted && open.name.startsWith("column-")) {
    for (const label of own) {
      if (!fields.some((field) => field.value === `custom:${label}`)) fields.push({ value: `custom:${label}`, words: label });
    }
  }
  const found = fields.filter((field) => fold(field.words).includes(wanted));
  const isNew = wanted && open.name.startsWith("column-") && !found.some((field) => fold(field.words) === wanted);
  if (isNew) found.push({ value: `custom:${text.trim().slice(0, 100)}`, words: `${form.dataset.new} “${text.trim()}”` });
  return found;
}
function show(text) {
  const found = choices(text);
  list.replaceChildren(...found.map((field, index) => {
    const item = document.createElement("li");
    Object.assign(item, { id: `picked-${index}`, textContent: field.words });
    item.setAttribute("role", "option");
    item.dataset.value = field.value;
    return item;
  }));
  const chosen = text ? 0 : found.findIndex((field) => field.value === open.value);
  said.textContent = found.length ? `${found.length} ${form.dataset.found}` : form.dataset.none;
  move(found.length ? Math.max(chosen, 0) : -1);
}
function move(index) {
  at = index;
  [...list.children].forEach((item, n) => item.setAttribute("aria-selected", String(n === at)));
  const item = list.children[at];
  if (item) item.scrollIntoView({ block: "nearest" });
  search.setAttribute("aria-activedescendant", item ? item.id : "");
}
function begin(select, text = "") {
  open = select;
  const box = select.getBoundingClientRect();
  picker.hidden = false;
  picker.style.setProperty("inset-block-start", `${box.bottom + scrollY + 4}px`);
  picker.style.setProperty("left", `${Math.max(16, Math.min(box.left, innerWidth - picker.offsetWidth - 16))}px`);
  search.value = text;
  show(text);
  search.focus();
  picker.scrollIntoView({ block: "nearest" });
}
function end(value) {
  const select = open;
  open = null;
  picker.hidden = true;
  if (value !== undefined && select.value !== value) {
    if (![...select.options].some((option) => option.value === value)) select.add(new Option(value.replace(/^custom:/, ""), value));
    select.value = value;
    select.dispatchEvent(new Event("change", { bubbles: true }));
  }
  select.focus();
}
document.addEventListener("mousedown", (event) => {
  const select = event.target.closest("select.field");
  if (select && matchMedia("(hover: hover)").matches) {
    event.preventDefault();
    begin(select);
  } else if (open && !picker.contains(event.target)) end();
});
document.addEventListener("keydown", (event) => {
  if (!event.target.matches("select.field") || event.ctrlKey || event.metaKey) return;
  const isText = event.key.length === 1 && event.key !== " " && !event.altKey;
  if (!isText && !["ArrowDown", "ArrowUp", "Enter", " "].includes(event.key)) return;
  event.preventDefault();
  begin(event.target, isText ? event.key : "");
});
search.addEventListener("input", () => show(search.value));
search.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && list.children.length) move((at + step + list.children.length) % list.children.length);
  else if (event.key === "Enter") end(list.children[at] && list.children[at].dataset.value);
  else if (event.key === "Escape" || event.key === "Tab") end();
  else return;
  event.preventDefault();
});
list.addEventListener("mousedown", (event) => {
  event.preventDefault();
  const item = event.target.closest("li");
  if (item) end(item.dataset.value);
});
search.addEventListener("blur", () => { if (open) { const select = open; open = null; picker.hidden = true; strip = null; void select; } });
