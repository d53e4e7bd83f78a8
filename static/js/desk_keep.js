// What is typed on the desk is stored as a draft, a moment after it was typed. Until the server has
// it, it is kept in this tab alone, and offered again: nothing is lost with the connection or the
// sign-in. The version goes along, so that nobody's work is overwritten unseen.
import { desk, tell } from "./desk_lines.js";

const MOMENT = 1200; // milliseconds without a key
const AGAIN = 15_000;
const NOT_COMPARED = /^(version|q|whose|hide_blocked|template-.*|lines-(TOTAL|INITIAL)_FORMS)$/;
const state = document.getElementById("state");
const offer = document.getElementById("kept");
const version = document.getElementById("id_version");
const keptAs = desk.dataset.keptAs;
let timer = 0;
let sending = null;
let isDirty = false;
let isOver = "conflict" in desk.dataset; // the therapist decides first
let isLeaving = false;

function typed() {
  const data = new FormData(desk);
  data.delete("csrfmiddlewaretoken");
  return new URLSearchParams(data);
}

function token() {
  const cookie = document.cookie.match(/(?:^|; )(?:__Host-)?csrftoken=([^;]+)/);
  return cookie ? cookie[1] : desk.elements.csrfmiddlewaretoken.value;
}

// In this tab

function keep(isSent = false) {
  if (!offer.hidden) return; // what is kept waits for an answer
  try {
    sessionStorage.setItem(keptAs, JSON.stringify({ typed: typed().toString(), isSent }));
  } catch {
    say("This browser keeps nothing: save before you leave.");
  }
}

function drop() {
  if (offer.hidden) sessionStorage.removeItem(keptAs);
}

function compared(text) {
  return [...new URLSearchParams(text)].filter(([name]) => !NOT_COMPARED.test(name)).sort().join("\n");
}

function offerWhatWasKept() {
  const kept = JSON.parse(sessionStorage.getItem(keptAs) ?? "null");
  if ("unsaved" in desk.dataset) return keep();
  if (!kept) return;
  if (compared(kept.typed) === compared(typed().toString())) return drop();
  offer.hidden = false;
  offer.addEventListener("click", (event) => {
    const { kept: answer } = event.target.dataset;
    if (!answer) return;
    offer.hidden = true;
    if (answer === "back") bringBack(kept.typed);
    else drop();
  });
}

/** Send it as the page would have: what somebody else stored meanwhile is shown beside it. */
function bringBack(text) {
  const form = document.createElement("form");
  form.method = "post";
  form.action = desk.getAttribute("action");
  for (const [name, value] of [...new URLSearchParams(text), ["csrfmiddlewaretoken", token()], ["do", "save"]]) {
    const input = document.createElement("input");
    Object.assign(input, { type: "hidden", name, value });
    form.append(input);
  }
  document.body.append(form);
  form.submit();
}

// To the server

function say(words, ...more) {
  state.replaceChildren(words, ...more);
}

/** Said to everybody: something needs the therapist. */
function warn(words, ...more) {
  if (state.firstChild?.textContent !== words) tell(words);
  say(words, " ", ...more);
}

function wait(milliseconds) {
  clearTimeout(timer);
  timer = setTimeout(save, milliseconds);
}

function noticed() {
  isDirty = true;
  keep();
  if (!isOver) wait(MOMENT);
}

function save() {
  clearTimeout(timer);
  if (isOver || isLeaving) return sending;
  sending ??= send().finally(() => (sending = null));
  return sending;
}

async function send() {
  isDirty = false;
  const headers = { "X-CSRFToken": token() };
  const request = { method: "POST", body: typed(), headers, redirect: "manual", keepalive: document.hidden };
  const response = await fetch(desk.dataset.keep, request).catch(() => null);
  if (response?.ok) return stored(await response.json());
  isDirty = true;
  if (response === null) {
    warn("Not saved: no connection. Kept on this device.");
    wait(AGAIN);
  } else if (response.type === "opaqueredirect") {
    const link = document.createElement("a");
    Object.assign(link, { href: desk.dataset.signIn, textContent: "Sign in again" });
    warn("Not saved: your sign-in has ended. Kept on this device.", link);
    wait(AGAIN);
  } else if (response.headers.get("X-Session") === "locked") {
    warn("Not saved: the screen is locked. Kept on this device.");
    document.dispatchEvent(new CustomEvent("session-locked"));
  } else if (response.status === 422) {
    const { problem, field } = await response.json();
    const link = document.createElement("a");
    Object.assign(link, { href: `#${field}`, textContent: "Go there" });
    say(`Not saved yet. ${problem} `, field ? link : "");
  } else if (response.status === 409 || response.status === 404) {
    isOver = true;
    const button = document.createElement("button");
    Object.assign(button, { type: "submit", name: "do", value: "save", className: "btn btn-small", textContent: "Look at both" });
    warn("Not saved: somebody else changed this draft.", button);
  } else {
    warn("Not saved: the server refused it. Kept on this device.");
    wait(AGAIN);
  }
  return null;
}

function stored({ version: number, at }) {
  version.value = number;
  say(`Saved ${at}`);
  if (isDirty) wait(MOMENT);
  else drop();
}

desk.addEventListener("input", (event) => {
  if (!NOT_COMPARED.test(event.target.name)) noticed();
});
desk.addEventListener("lines-changed", noticed);
desk.addEventListener("trouble", (event) => warn(event.detail));
desk.addEventListener("submit", async (event) => {
  clearTimeout(timer);
  if (sending) {
    // The version that comes back belongs to this press.
    event.preventDefault();
    await sending;
    desk.requestSubmit(event.submitter);
    return;
  }
  isLeaving = true;
  desk.elements.csrfmiddlewaretoken.value = token();
  keep(true);
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden && isDirty) save();
});
window.addEventListener("online", () => isDirty && save());
document.addEventListener("session-open", () => isDirty && save());
window.addEventListener("pageshow", (event) => {
  // Back from another page, with an old version: ask for what is stored now.
  if (event.persisted) location.reload();
});
offerWhatWasKept();
