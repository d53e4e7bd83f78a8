// One page for a whole log: the red-flag question, the short answer, the details. It needs no
// network: what is said is kept on the phone first, and sent from there.
import { sendAll, tellPages } from "./outbox_sender.js";
import { forget, keep, waiting } from "./outbox_store.js";

const PATIENCE = 6_000; // milliseconds until a page without an answer says that it waits
const NOT_SENT = ["csrfmiddlewaretoken", "client_uuid", "none_of_these", "answer"];

const form = document.querySelector("[data-session]");
const find = (name) => form.querySelector(`[data-${name}]`);
const entries = [...form.querySelectorAll("[data-entry]")];
const { who } = document.body.dataset;
const ticked = (name) => [...form.querySelectorAll(`input[name="${name}"]:checked`)];
const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
let mended = null; // the item that the server refused, once it is filled in again

async function begin() {
  for (const one of form.querySelectorAll("[data-scripted]")) one.hidden = false;
  form.addEventListener("submit", take);
  find("all-done").addEventListener("click", takeAllDone);
  form.addEventListener("change", (event) => {
    form.dataset.touched = "yes";
    if (event.target.value === "none" && event.target.name.endsWith("-any_pain")) clearPain(event);
  });
  const key = location.hash.match(/^#mend=([\w-]+)$/)?.[1];
  mended = key ? (await waiting()).find((item) => item.key === key && item.who === who) : null;
  if (mended) mend(mended);
}

// What was pressed.

function take(event) {
  event.preventDefault();
  if (form.classList.contains("asking")) return takeLog();
  if (event.submitter?.value === "some") return takeSigns();
  return hasSigns() ? complain("which") : ask();
}

const hasSigns = () => ticked("now").length + ticked("today").length > 0;

function takeSigns() {
  const signs = [...ticked("now"), ...ticked("today")];
  const isInjured = ticked("injured").length > 0;
  if (!signs.length && !isInjured) return complain("tick");
  if (!signs.length) {
    find("injured-told").hidden = false;
    return ask();
  }
  const fields = [...form.querySelectorAll("[data-signs] input:checked")];
  stop(signs);
  return save("signs", [...fields.map(({ name, value }) => [name, value]), ["answer", "some"]]);
}

function takeAllDone() {
  if (hasSigns()) return complain("which");
  const lines = entries.map(({ dataset }) => ["line", dataset.entry]);
  const injured = ticked("injured").map(({ name }) => [name, "on"]);
  return save("log", [...lines, ...injured, ["all_done", "yes"], ["answer", "none"]]);
}

function takeLog() {
  const silent = entries.filter((entry) => !entry.querySelector("[name$='-outcome']:checked"));
  entries.forEach((entry) => unmark(entry));
  silent.forEach((entry) => mark(entry.querySelector("[name$='-outcome']"), form.dataset.required));
  if (silent.length) return complain("look", silent[0]);
  const said = [...new FormData(form)].filter(([name]) => !NOT_SENT.includes(name));
  return save("log", [...said, ["answer", "none"]]);
}

// Kept first, then sent.

async function save(kind, fields) {
  const item = {
    key: crypto.randomUUID(),
    who,
    kind,
    fields: [...fields, ["edition", form.dataset.edition]],
    address: location.pathname,
    tappedAt: mended?.tappedAt ?? Date.now(),
    utcOffset: mended?.utcOffset ?? -new Date().getTimezoneOffset(),
    tries: 0,
    refused: null,
  };
  form.inert = true;
  try {
    await keep(item);
  } catch {
    return sendWithoutKeeping(item);
  }
  if (mended) await forget(mended);
  if (kind === "signs") await keepSayingStop();
  tellPages();
  const answer = await Promise.race([sendAll(), sleep(PATIENCE)]).catch(() => null);
  return showWhatCame(item, answer?.get(item.key));
}

async function showWhatCame(item, answer) {
  form.inert = false;
  if (answer?.result === "refused") {
    mended = (await waiting()).find(({ key }) => key === item.key);
    return mend(mended);
  }
  const isStored = answer?.result === "stored" || !(await isWaiting(item));
  if (item.kind === "signs") {
    // The page says what to do already; the clinic's own may add to it.
    if (isStored) location.replace(form.dataset.today);
    return;
  }
  if (isStored) remember("saved", "yes");
  delete form.dataset.touched;
  location.assign(isStored ? (answer?.next ?? form.dataset.today) : form.dataset.today);
}

const isWaiting = async ({ key }) => (await waiting()).some((item) => item.key === key);

// Storage full, or none: the patient is told, and it goes the ordinary way.
async function sendWithoutKeeping({ kind, fields, key }) {
  form.inert = false;
  const note = kind === "signs" ? document.querySelector("[data-cannot-keep-signs]") : null;
  (note ?? find("cannot-keep")).hidden = false;
  (note ?? find("cannot-keep")).scrollIntoView({ block: "center" });
  if (!navigator.onLine) return;
  const sent = form.cloneNode();
  const token = form.elements.csrfmiddlewaretoken.value;
  const extra = Object.entries({ client_uuid: key, csrfmiddlewaretoken: token, who });
  for (const [name, value] of [...fields, ...extra]) {
    sent.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  }
  sent.hidden = true;
  document.body.append(sent);
  HTMLFormElement.prototype.submit.call(sent);
}

// What is seen.

function ask() {
  form.classList.add("asking");
  find("signs").hidden = true;
  find("log").hidden = false;
  find("log").disabled = false;
  find("complaint").hidden = true;
  fillInPlayed();
  document.querySelector("[data-title]").textContent = form.dataset.title;
  document.querySelector("[data-subtitle]").textContent = form.dataset.subtitle;
  scrollTo(0, 0);
  entries[0].querySelector("h2").focus();
}

function complain(what, at = find("complaint")) {
  find("complaint").hidden = false;
  for (const one of form.querySelectorAll("[data-complaint] > [data-about]")) {
    one.hidden = one.dataset.about !== what;
  }
  at.scrollIntoView({ block: "center" });
  find("complaint").focus({ preventScroll: true });
}

function stop(signs) {
  const isNow = signs.some(({ name }) => name === "now");
  const words = document.querySelector(isNow ? "[data-stop='now']" : "[data-stop='today']");
  const level = signs.filter(({ name }) => name === (isNow ? "now" : "today"));
  words.querySelector("[data-signs-said]").replaceChildren(
    ...level.map((sign) => {
      const one = document.createElement("li");
      one.textContent = sign.closest("label").textContent;
      return one;
    }),
  );
  words.hidden = false;
  for (const one of [form, document.querySelector("[data-head]")]) one.hidden = true;
  if (isNow) {
    document.body.classList.add("stopped");
    for (const one of document.querySelectorAll(".dock, .foot, [data-not-for-emergencies]")) {
      one.hidden = true;
    }
  }
  scrollTo(0, 0);
  words.querySelector("h1").focus();
}

// Until the clinic has heard of it, every page that the phone keeps says what to do, but for the
// one that lists when to get help.
async function keepSayingStop() {
  if (!globalThis.caches) return;
  const pages = await caches.open(`pages ${who}`);
  const known = await pages.match(form.dataset.today);
  const copy = document.documentElement.cloneNode(true);
  for (const one of copy.querySelectorAll("[data-session], script[data-session-script]")) {
    one.remove();
  }
  const headers = new Headers(known?.headers ?? { "Content-Type": "text/html; charset=utf-8" });
  // The content policy is of that answer: only scripts with its nonce run.
  const nonce = headers.get("Content-Security-Policy")?.match(/'nonce-([^']+)'/)?.[1] ?? "";
  for (const script of copy.querySelectorAll("script")) script.setAttribute("nonce", nonce);
  const html = `<!doctype html>${copy.outerHTML}`;
  headers.set("Bearing-Kept-At", new Date().toISOString());
  const held = (await pages.keys()).map(({ url }) => new URL(url));
  const stretches = held.filter(({ pathname }) => pathname !== form.dataset.help);
  const addresses = [form.dataset.today, ...stretches.map(({ pathname, search }) => pathname + search)];
  // The first is what the worker shows from now on; whoever leaves early leaves it standing.
  for (const address of [`${form.dataset.today}?stop`, ...addresses]) {
    await pages.put(address, new Response(html, { headers }));
  }
}

function clearPain({ target }) {
  const entry = target.closest("[data-entry]");
  for (const name of ["before", "during", "after"]) {
    const skip = entry.querySelector(`[name$="-pain_${name}"][value=""]`);
    if (skip) skip.checked = true;
  }
}

// Filling in.

function fillInPlayed() {
  const played = takeRemembered("played");
  if (!played) return;
  find("played-told").hidden = false;
  for (const entry of entries) {
    const { counted = 0, hurts = false } = played[`played${entry.dataset.entry}`] ?? {};
    if (!counted && !hurts) continue;
    const isAll = counted >= Number(entry.dataset.total) && !hurts;
    fill(entry, "outcome", isAll ? "done" : "part");
    fill(entry, "repetitions", String(counted));
    if (!hurts) continue;
    fill(entry, "why_not", "pain");
    fill(entry, "any_pain", "some");
    entry.querySelector("[data-reasons-to-stop]")?.removeAttribute("hidden");
  }
}

function fill(entry, name, value) {
  for (const field of entry.querySelectorAll(`[name$="-${name}"]`)) {
    if (["radio", "checkbox"].includes(field.type)) field.checked ||= field.value === value;
    else field.value = value;
  }
}

// An item that the server refused, as it was filled in, with what to look at again.
function mend({ fields, refused }) {
  ask();
  if (fields.some(([name]) => name === "all_done")) {
    entries.forEach((entry) => (fill(entry, "outcome", "done"), fill(entry, "any_pain", "none")));
  }
  for (const entry of entries) {
    unmark(entry);
    const said = fields.filter(([name]) => name.startsWith(`line${entry.dataset.entry}-`));
    for (const [name, value] of said) fill(entry, name.split("-")[1], value);
  }
  for (const { field, message } of refused?.errors ?? []) {
    const at = form.querySelector(`[name="${field}"]`);
    if (at) mark(at, message);
  }
  complain("look", form.querySelector("[data-marked]") ?? find("complaint"));
}

function mark(field, message) {
  field.closest("details")?.setAttribute("open", "");
  field.closest("details")?.parentElement.closest("details")?.setAttribute("open", "");
  const told = find("error").content.firstElementChild.cloneNode(true);
  told.querySelector("span").textContent = message;
  told.dataset.marked = "yes";
  field.closest(".field").append(told);
}

const unmark = (entry) => entry.querySelectorAll("[data-marked]").forEach((one) => one.remove());

function remember(name, value) {
  try {
    sessionStorage.setItem(name, value);
  } catch {
    // Then the next page says nothing of it.
  }
}

function takeRemembered(name) {
  try {
    const found = JSON.parse(sessionStorage.getItem(name));
    sessionStorage.removeItem(name);
    return found;
  } catch {
    return null;
  }
}

// An insecure address has neither keys nor a worker: there the page asks step by step.
if (entries.length && who && crypto.randomUUID) begin();
