// The service worker of /my/: keeps the patient's pages for days without a network, and sends what
// waits when no page is open. The server puts KNOWN and the outbox's own modules before it.
import { note, setNote, waiting } from "./outbox_store.js";
import { sendAll } from "./outbox_sender.js";

const FILES = "files";
const KEPT_AT = "Bearing-Kept-At";
const SLOW = 4_000; // milliseconds until a page that is kept is shown instead
const HASHED = /\.[0-9a-f]{12}\.\w+$/; // such a file never changes
const pagesOf = (who) => `pages ${who}`;

self.addEventListener("install", (event) => event.waitUntil(keepShell()));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(page(event));
  else if (pathname.startsWith(KNOWN.static)) event.respondWith(file(request));
});

self.addEventListener("message", (event) => {
  if (event.data.keepPagesOf) event.waitUntil(keepPages(event.data.keepPagesOf));
});

self.addEventListener("sync", (event) => event.waitUntil(sendNow()));

// The browser tries again later when this fails.
async function sendNow() {
  await sendAll();
  const items = await waiting();
  if (items.some((item) => !item.refused)) throw new Error("waiting");
}

// What belongs to nobody.

async function keepShell() {
  const files = await caches.open(FILES);
  await files.addAll(KNOWN.shell.map((address) => new Request(address, { cache: "no-cache" })));
  for (const address of [KNOWN.help, KNOWN.nothing]) {
    const response = await fetch(address, { credentials: "omit", cache: "no-store" });
    if (!response.ok) throw new Error(`${address} gave ${response.status}`);
    await keepFilesOf(await response.clone().text());
    await files.put(address, response);
  }
  await self.skipWaiting();
}

async function file(request) {
  const files = await caches.open(FILES);
  const kept = await files.match(request.url);
  if (kept && HASHED.test(new URL(request.url).pathname)) return kept;
  try {
    const response = await fetch(request);
    if (response.ok) await files.put(request.url, response.clone());
    return response;
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}

async function keepFilesOf(html) {
  const files = await caches.open(FILES);
  for (const address of filesOf(html)) if (!(await files.match(address))) await files.add(address);
}

// What belongs to one patient.

// From the network while there is one. What comes from the phone says so, and of when it is.
async function page(event) {
  const path = new URL(event.request.url).pathname;
  const kept = await keptPage(path);
  let response = null;
  try {
    response = await within(kept ? SLOW : Infinity, fetch(event.request));
  } catch {
    // No network, or none worth waiting for.
  }
  if (response && response.status < 500) {
    event.waitUntil(learnFrom(response.clone(), event.request));
    return response;
  }
  if (kept) return shown(kept, response ? "server" : "network");
  if (response) return response;
  const files = await caches.open(FILES);
  return (path === KNOWN.help && (await files.match(KNOWN.help))) || files.match(KNOWN.nothing);
}

async function keptPage(path) {
  const who = await noted("who");
  if (!who) return null;
  const pages = await caches.open(pagesOf(who));
  // While signs wait to be sent, nothing but what to do is shown, whatever else is still kept.
  const stop = path !== KNOWN.help && (await reportsSigns(who));
  if (stop) return pages.match(`${KNOWN.home}?stop`);
  const weekday = new Date().getDay() || 7;
  return (await pages.match(`${path}?weekday=${weekday}`)) ?? pages.match(path);
}

async function shown(kept, why) {
  const html = await kept.text();
  const told = `<html data-kept="${kept.headers.get(KEPT_AT)}" data-kept-why="${why}"`;
  return new Response(html.replace("<html", told), { headers: kept.headers });
}

async function learnFrom(response, request) {
  // A phone that waits for its PIN is still the patient's.
  if (response.status === 401 && !response.headers.has("Bearing-Locked")) {
    return forgetPages(await noted("who"));
  }
  if (!response.ok || response.redirected || !isHtml(response)) return;
  const html = await response.clone().text();
  const who = whoOf(html);
  if (!who) return;
  await setNote("who", who);
  const { pathname, search } = new URL(request.url);
  const { pages = [] } = (await noted(pagesOf(who))) ?? {};
  if (search || !pages.includes(pathname) || (await reportsSigns(who))) return;
  await keepPage(who, pathname, response);
}

// Fetches the pages of a patient anew when they have changed.
async function keepPages(who) {
  const asThem = { headers: { "Bearing-Who": who }, cache: "no-store" };
  const listed = await fetch(KNOWN.pages, asThem);
  if (!listed.ok) return;
  const { stamp, pages } = await listed.json();
  await setNote("who", who);
  // Until the server has heard of the signs, the phone goes on saying what to do.
  if (await reportsSigns(who)) return;
  const cache = await caches.open(pagesOf(who));
  const held = (await cache.keys()).map(({ url }) => url.slice(location.origin.length));
  const before = await noted(pagesOf(who));
  if (before?.stamp === stamp && pages.every((address) => held.includes(address))) return;
  for (const address of pages) {
    const response = await fetch(address, asThem);
    if (response.status >= 500) return;
    if (response.ok && !response.redirected && whoOf(await response.clone().text()) === who) {
      await keepPage(who, address, response);
    } else await cache.delete(address);
  }
  for (const address of held) if (!pages.includes(address)) await cache.delete(address);
  await setNote(pagesOf(who), { stamp, pages });
  await forgetOldFiles();
}

async function keepPage(who, address, response) {
  const html = await response.text();
  const headers = new Headers(response.headers);
  for (const name of ["Content-Encoding", "Content-Length"]) headers.delete(name);
  headers.set(KEPT_AT, new Date().toISOString());
  await keepFilesOf(html);
  const pages = await caches.open(pagesOf(who));
  await pages.put(address, new Response(html, { headers }));
}

// An older version of a file that a kept page, or the shell, has by another name now.
async function forgetOldFiles() {
  const needed = new Set(KNOWN.shell);
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const response of await cache.matchAll()) {
      if (isHtml(response)) for (const address of filesOf(await response.text())) needed.add(address);
    }
  }
  const plain = (address) => address.replace(/\.[0-9a-f]{12}(?=\.\w+$)/, "");
  const newer = new Set([...needed].map(plain));
  const files = await caches.open(FILES);
  for (const { url } of await files.keys()) {
    const { pathname } = new URL(url);
    if (!needed.has(pathname) && newer.has(plain(pathname))) await files.delete(url);
  }
}

async function forgetPages(who) {
  await caches.delete(pagesOf(who));
  await setNote(pagesOf(who), null);
}

async function reportsSigns(who) {
  const items = await waiting().catch(() => []);
  return items.some((item) => item.who === who && item.kind === "signs");
}

const noted = (name) => note(name).catch(() => null);
const filesOf = (html) =>
  [...html.matchAll(/(?:href|src)="([^"#?]+)"/g)]
    .map(([, address]) => address)
    .filter((address) => address.startsWith(KNOWN.static));
const isHtml = (response) => response.headers.get("Content-Type")?.startsWith("text/html");
const whoOf = (html) => html.match(/<body[^>]*\sdata-who="(\w+)"/)?.[1];

function within(milliseconds, promise) {
  if (milliseconds === Infinity) return promise;
  return new Promise((done, failed) => {
    setTimeout(() => failed(new Error("slow")), milliseconds);
    promise.then(done, failed);
  });
}
