// Covers a page that nobody used for some minutes. Everything on it stays as it is, but out of sight
// and reach, until the same person gives a password or passkey. The server refuses meanwhile.
import { prepare } from "./unlock.js";

const template = document.getElementById("lock");
const { minutes, user } = template.dataset;
const LIMIT = Number(minutes) * 60_000;
const TELL_EVERY = 60_000; // milliseconds: the server hears of a hand on the page
const LOOK_EVERY = 5_000;
// Shared by the tabs of this browser: when a hand was last on one of them, and what became of the lock.
const USED = "used-at";
const LOCK = "lock";
const token = template.content.querySelector("[name=csrfmiddlewaretoken]").value;
let used = Date.now();
let told = Date.now();
let cover = null;

function post(address) {
  const headers = { "X-CSRFToken": cookie("csrftoken") ?? token, Accept: "application/json" };
  return fetch(address, { method: "POST", headers, redirect: "manual", keepalive: true }).catch(() => null);
}

function cookie(name) {
  return document.cookie.match(new RegExp(`(?:^|; )(?:__Host-)?${name}=([^;]+)`))?.[1];
}

function share(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Without storage each tab locks by itself.
  }
}

// A hand on the page

function noticed() {
  if (cover) return;
  const now = Date.now();
  if (now - used > 1000) share(USED, now);
  used = now;
  if (now - told > TELL_EVERY) tell();
}

async function tell() {
  told = Date.now();
  const response = await post(template.dataset.active);
  if (response?.headers.get("X-Session") === "locked") lock();
}

function look() {
  const elsewhere = Number(localStorage.getItem(USED)) || 0;
  if (!cover && Date.now() - Math.max(used, elsewhere) >= LIMIT) lockAll();
}

// The cover

function lockAll() {
  lock();
  share(LOCK, `locked ${Date.now()}`);
  return post(template.dataset.lock);
}

function lock() {
  if (cover) return;
  const covered = [...document.body.children].filter((part) => !part.hidden);
  cover = {
    covered,
    title: document.title,
    focus: document.activeElement,
    scroll: [scrollX, scrollY],
    panel: template.content.firstElementChild.cloneNode(true),
  };
  for (const part of covered) {
    part.hidden = true;
    part.inert = true;
  }
  document.title = "Locked · Bearing"; // titles may hold a name
  document.body.append(cover.panel);
  document.body.classList.add("is-locked");
  const form = cover.panel.querySelector("#unlock");
  form.elements.csrfmiddlewaretoken.value = cookie("csrftoken") ?? token;
  prepare(form, { opened, ended });
  form.elements.password.focus();
}

function opened({ user: whose }) {
  if (String(whose) !== user) return location.reload(); // not the person whose page this is
  uncover();
  share(LOCK, `open ${Date.now()}`);
}

function uncover() {
  if (!cover) return;
  cover.panel.remove();
  document.body.classList.remove("is-locked");
  for (const part of cover.covered) {
    part.hidden = false;
    part.inert = false;
  }
  document.title = cover.title;
  scrollTo(...cover.scroll);
  cover.focus?.focus({ preventScroll: true });
  cover = null;
  used = told = Date.now();
  share(USED, used);
  document.dispatchEvent(new CustomEvent("session-open"));
}

/** The sign-in itself is over: what was typed is kept in this tab, and offered after the next. */
function ended() {
  const form = cover.panel.querySelector("#unlock");
  const link = document.createElement("a");
  Object.assign(link, { href: template.dataset.signIn, className: "btn btn-primary", textContent: "Sign in" });
  const words = document.createElement("p");
  words.textContent = "Your sign-in has ended. What you typed is kept on this device: sign in and go on.";
  form.replaceWith(words, link);
  link.focus();
}

async function openElsewhere() {
  const response = await post(template.dataset.active);
  if (!response?.ok || !cover) return;
  if (String((await response.json()).user) === user) uncover();
}

for (const kind of ["pointerdown", "pointermove", "keydown", "wheel", "scroll", "input"]) {
  document.addEventListener(kind, noticed, { passive: true, capture: true });
}
window.addEventListener("storage", ({ key, newValue }) => {
  if (key !== LOCK) return;
  if (newValue?.startsWith("locked")) lock();
  else if (cover) openElsewhere();
});
document.addEventListener("visibilitychange", look);
window.addEventListener("pageshow", look);
document.addEventListener("session-locked", lock); // other scripts, when the server refused them
document.addEventListener("htmx:beforeOnLoad", ({ detail }) => {
  const state = detail.xhr.getResponseHeader("X-Session");
  if (state) lock();
  if (state === "ended") ended();
});
document.querySelector("form[data-lock-now]")?.addEventListener("submit", (event) => {
  event.preventDefault();
  lockAll();
});
share(USED, used);
setInterval(look, LOOK_EVERY);
