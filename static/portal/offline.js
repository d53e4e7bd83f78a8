// On every page of a patient: says what waits to be sent and whether the page is of today, sends
// when it can, and asks before a sign-out would lose something.
import { CHANNEL, sendAll, tellPages } from "./outbox_sender.js";
import { change, forget, forgetAllOf, waiting } from "./outbox_store.js";

const FIRST_RETRY = 5_000; // milliseconds; doubled each time
const LAST_RETRY = 300_000;
const LOOK_AGAIN = 15_000; // milliseconds until a page from the phone looks for the network again

const { who } = document.body.dataset;
const root = document.documentElement;
const phone = document.querySelector("[data-phone]");
const part = (name) => phone.querySelector(`[data-${name}]`);
const words = phone?.dataset;
// The pages write dates as the British do.
const locale = root.lang === "en" ? "en-GB" : root.lang;
const DAY = { day: "numeric", month: "long" };
const TIME = { hour: "2-digit", minute: "2-digit" };
const written = (at, how) => new Intl.DateTimeFormat(locale, how).format(new Date(at));
const time = (at) => `${written(at, DAY)}, ${written(at, TIME)}`;
let retry = FIRST_RETRY;
let timer = 0;

function begin() {
  showKept();
  showSaved();
  show();
  work();
  addEventListener("online", work);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") work();
  });
  new BroadcastChannel(CHANNEL).addEventListener("message", show);
  if ("serviceWorker" in navigator) register();
  document.addEventListener("submit", askBeforeLeaving, true);
}

async function register() {
  await navigator.serviceWorker.register(words.worker, { scope: words.scope });
  if (root.dataset.kept) return;
  const { active } = await navigator.serviceWorker.ready;
  active.postMessage({ keepPagesOf: who });
}

// Sending.

async function work() {
  clearTimeout(timer);
  const told = await sendAll().catch(() => new Map());
  await show();
  const answers = [...told.values()].map(({ result }) => result);
  part("sign-in").hidden = !answers.includes("signed-out");
  if (answers.includes("stored")) {
    retry = FIRST_RETRY;
    if (root.dataset.kept && !isBusy()) return location.reload();
    part("sent").hidden = false;
  }
  const items = await mine();
  if (!items.some((item) => !item.refused)) return;
  await askForSync();
  timer = setTimeout(work, retry * (0.5 + Math.random()));
  retry = Math.min(retry * 2, LAST_RETRY);
}

async function askForSync() {
  const registration = await navigator.serviceWorker?.getRegistration();
  await registration?.sync?.register("outbox").catch(() => null);
}

const mine = async () => (await waiting().catch(() => [])).filter((item) => item.who === who);

// What is seen.

async function show() {
  const items = await mine();
  const count = items.filter((item) => !item.refused).length;
  part("waiting").hidden = count === 0;
  part("count").textContent = words.waiting.replace("{count}", count);
  if (count) part("sent").hidden = true;
  const parked = items.filter((item) => item.refused);
  part("parked").replaceChildren(...parked.map(card));
}

function card(item) {
  const shown = part("card").content.firstElementChild.cloneNode(true);
  const find = (name) => shown.querySelector(`[data-${name}]`);
  find("when").textContent = words.of.replace("{when}", time(item.tappedAt));
  find("why").textContent = item.refused.message || words.refused;
  find("mend").hidden = item.kind !== "log" || !item.refused.errors.length;
  find("mend").href = `${item.address}#mend=${item.key}`;
  find("again").hidden = !find("mend").hidden;
  find("again").addEventListener("click", async () => {
    await change({ ...item, refused: null });
    await work();
  });
  find("delete").addEventListener("click", () => (find("sure").hidden = !find("sure").hidden));
  find("really").addEventListener("click", async () => {
    await forget(item);
    tellPages();
    await show();
  });
  return shown;
}

function showKept() {
  const { kept, keptWhy } = root.dataset;
  if (!kept) return;
  const said = keptWhy === "server" ? words.keptServer : words.kept;
  part("kept-words").textContent = said.replace("{when}", time(kept));
  part("kept").hidden = false;
  for (const day of document.querySelectorAll("[data-day]")) {
    day.textContent = written(Date.now(), { weekday: "long", ...DAY });
  }
  const isOfToday = written(kept, DAY) === written(Date.now(), DAY);
  for (const one of document.querySelectorAll("[data-of-that-day]")) one.hidden = !isOfToday;
  addEventListener("online", lookForTheNetwork);
  setTimeout(lookForTheNetwork, LOOK_AGAIN);
}

async function lookForTheNetwork() {
  const found = await fetch(words.pages, { headers: { "Bearing-Who": who }, cache: "no-store" })
    .then((response) => response.status < 500)
    .catch(() => false);
  if (!found) return setTimeout(lookForTheNetwork, LOOK_AGAIN);
  await work(); // a page that goes away while it sends would send the last one twice
  if (!isBusy()) return location.reload();
  part("newest").hidden = false;
}

// A page that somebody is filling in or playing is not taken away from them.
const isBusy = () =>
  document.body.classList.contains("playing") ||
  Boolean(document.querySelector("[data-session][data-touched]"));

// What a page that is gone by now has saved.
function showSaved() {
  try {
    part("sent").hidden = sessionStorage.getItem("saved") === null;
    sessionStorage.removeItem("saved");
  } catch {
    // A browser that keeps nothing has nothing to tell.
  }
}

// Signing out.

async function askBeforeLeaving(event) {
  if (!event.target.matches("[data-leave]") || event.target.dataset.asked) return;
  event.preventDefault();
  const leave = () => {
    event.target.dataset.asked = "yes";
    event.target.requestSubmit();
  };
  await sendAll().catch(() => null);
  const items = await mine();
  if (!items.length) return leave();
  part("lost").textContent = words.lost.replace("{count}", items.length);
  part("leaving").showModal();
  part("lose").addEventListener("click", leave, { once: true });
}

async function erase(identity) {
  await forgetAllOf(identity).catch(() => null);
  await globalThis.caches?.delete(`pages ${identity}`);
}

const erased = document.querySelector("[data-erase]");
if (erased) await erase(erased.dataset.erase);
if (phone && who) begin();
