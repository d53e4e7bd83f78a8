// The desk from the keyboard: find, add, move, repeat, remove, undo. Without a script, its buttons
// do the same by loading the page again.
import { arrange, changed, check, desk, lines, nameOf, placeOf, remember, tell, undo } from "./desk_lines.js";

const DOSE = ["sets", "repetitions", "hold_seconds", "times_per_day"];
const search = document.getElementById("id_q");
const found = document.getElementById("found");
let typedLast = null; // the line in which a dosage was typed last
let addedLast = null;
let waitsForResult = false; // Enter was pressed before the answer to what was typed
let adding = Promise.resolve(); // one after the other, in the order in which they were asked for

desk.classList.add("live");

// What can be done to a line

function move(line, step) {
  const other = step < 0 ? line.previousElementSibling : line.nextElementSibling;
  if (!other) return tell(`${nameOf(line)} is ${step < 0 ? "first" : "last"} already.`);
  dragged(line, [...lines.children], () => (step < 0 ? line.after(other) : line.before(other)));
}

function dragged(line, before, act = () => {}) {
  act();
  remember(`${nameOf(line)} moved`, () => arrange(before, line));
  changed();
  tell(`${nameOf(line)} is now number ${placeOf(line) + 1} of ${lines.children.length}.`);
  line.scrollIntoView({ block: "nearest" });
}

function remove(line) {
  const place = placeOf(line);
  const following = line.nextElementSibling ?? line.previousElementSibling;
  line.remove();
  remember(`${nameOf(line)} removed`, () => {
    lines.insertBefore(line, lines.children[place] ?? null);
    line.focus();
  });
  changed();
  (following ?? search).focus();
  tell(`${nameOf(line)} is removed. Alt Z brings it back.`);
}

function repeat(line) {
  const button = line.querySelector('[value^="repeat:"]');
  const model = [typedLast, line.previousElementSibling].find((one) => one?.isConnected && one !== line);
  const amounts = button.dataset.sets ? (name) => button.dataset[name] : model && ((name) => field(model, name).value);
  if (!amounts) return tell("There is no dosage to repeat yet.");
  const before = DOSE.map((name) => field(line, name).value);
  for (const name of DOSE) field(line, name).value = amounts(name);
  remember(`dosage of ${nameOf(line)}`, () => {
    DOSE.forEach((name, number) => (field(line, name).value = before[number]));
  });
  changed();
  tell(`${nameOf(line)} has the last dosage again.`);
}

const field = (line, name) => line.querySelector(`[name$="-${name}"]`);

function add(key, place = lines.children.length) {
  adding = adding.then(async () => {
    const response = await fetch(`${desk.dataset.line}?exercise=${key}`, { redirect: "manual" }).catch(() => null);
    if (!response?.ok) return notAdded(response);
    const holder = document.createElement("template");
    holder.innerHTML = await response.text();
    const line = holder.content.querySelector("li");
    lines.insertBefore(line, lines.children[place] ?? null);
    addedLast = line;
    remember(`${nameOf(line)} added`, () => line.remove());
    changed();
    if (matchMedia("(min-width: 64em)").matches) line.scrollIntoView({ block: "nearest" });
    tell(`${nameOf(line)} is added as number ${placeOf(line) + 1}.`);
  });
}

function notAdded(response) {
  const why = response ? "look at the page again" : "there is no connection";
  desk.dispatchEvent(new CustomEvent("trouble", { detail: `Not added: ${why}.` }));
}

// Buttons

function press(button) {
  const [verb, number, place] = button.value.split(":");
  const line = button.closest(".line");
  if (verb === "add") add(number, place && Number(place));
  else if (verb === "up" || verb === "down") move(line, verb === "up" ? -1 : 1);
  else if (verb === "remove") remove(line);
  else if (verb === "repeat") repeat(line);
  else return false;
  if (button.disabled) line.focus(); // a disabled button would lose the focus to the page
  return true;
}

desk.addEventListener("click", (event) => {
  const button = event.target.closest("button[name=do]");
  if (!button || !press(button)) return;
  event.preventDefault();
  // By keyboard the next search begins at once; a finger does not want the keyboard back.
  if (found.contains(button) && event.detail === 0) searchAgain();
});
document.getElementById("undo").addEventListener("click", undo);
desk.addEventListener("line-dragged", (event) => dragged(event.detail.line, event.detail.before));

// The search

const picks = () => [...found.querySelectorAll("button")];

function searchAgain() {
  search.focus();
  search.select();
}

const isAnswered = () => found.firstElementChild?.dataset.asked === search.value;

function addFirst() {
  const [first] = picks();
  if (!first) return tell("Nothing found.");
  press(first);
  searchAgain();
}

search.addEventListener("keydown", (event) => {
  if (event.altKey || event.isComposing) return;
  if (event.key === "ArrowDown") picks()[0]?.focus();
  else if (event.key !== "Enter") return;
  else if (!search.value.trim()) tell("Type a part of a name, or go through the list with the arrow keys.");
  else if (isAnswered()) addFirst();
  else waitsForResult = true;
  event.preventDefault();
});
search.addEventListener("input", () => (waitsForResult = false));
found.addEventListener("htmx:afterSwap", () => {
  if (!waitsForResult || !isAnswered()) return;
  waitsForResult = false;
  addFirst();
});
found.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.altKey || (!step && event.key !== "Escape")) return;
  event.preventDefault();
  const all = picks();
  const next = step ? all.indexOf(document.activeElement) + step : -1;
  if (next < 0) search.focus();
  else all[Math.min(next, all.length - 1)].focus();
});

// Keys anywhere on the page

const here = () => document.activeElement.closest(".line");
const orLast = () => here() ?? (addedLast?.isConnected ? addedLast : lines.lastElementChild);
const KEYS = {
  ArrowUp: () => here() && move(here(), -1),
  ArrowDown: () => here() && move(here(), 1),
  Delete: () => here() && remove(here()),
  Backspace: () => here() && remove(here()),
  A: searchAgain,
  N: () => orLast() && field(orLast(), "direction_note").focus(),
  R: () => orLast() && repeat(orLast()),
  Z: undo,
  P: () => desk.requestSubmit(desk.querySelector('[value="publish"]')),
};

document.addEventListener("keydown", (event) => {
  if (!event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.isComposing) return;
  // Where Alt makes another letter, the place of the key says which one was meant.
  const key = event.key.length > 1 ? event.key : event.code.replace("Key", "");
  if (!Object.hasOwn(KEYS, key)) return;
  event.preventDefault();
  KEYS[key]();
});

// Checks while typing

lines.addEventListener("input", (event) => {
  if (event.target.closest(".dose")) typedLast = event.target.closest(".line");
});
lines.addEventListener("change", (event) => {
  if (event.target.closest(".checked")) check();
});
