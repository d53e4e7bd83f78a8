// Sends what waits, one item per request and in order. Pages and worker share it.
import { change, forget, waiting } from "./outbox_store.js";

const ADDRESS = "/my/outbox/";
const PATIENCE = 20_000; // milliseconds for one answer
// The server failed this often on one item while it answered: the next ones go before it.
const TRIES_IN_LINE = 3;
const SIGN_IN_FIRST = [401, 403];
const LATER = [408, 425, 429];

export const CHANNEL = "bearing-outbox";

// Sends all it can, and resolves to what became of each item by its key, once nobody else sends.
export async function sendAll() {
  return navigator.locks ? navigator.locks.request("bearing-outbox", sendInOrder) : sendInOrder();
}

export function tellPages() {
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage("changed");
  channel.close();
}

async function sendInOrder() {
  const told = new Map();
  const strangers = new Set(); // those who have to sign in first
  for (const item of await waiting()) {
    if (item.refused || strangers.has(item.who)) continue;
    const answer = await send(item);
    told.set(item.key, answer);
    if (answer.result === "stored") await forget(item);
    if (answer.result === "refused") await change({ ...item, refused: answer.refused });
    if (answer.result === "signed-out") strangers.add(item.who);
    if (answer.result === "failed") {
      const tries = (item.tries ?? 0) + 1;
      await change({ ...item, tries });
      if (tries < TRIES_IN_LINE) break;
    }
    tellPages();
    if (answer.result === "away") break;
  }
  return told;
}

// What became of one item: stored, refused, signed-out, failed (the server did), or away.
async function send(item) {
  const given = new AbortController();
  const timer = setTimeout(() => given.abort(), PATIENCE);
  try {
    const response = await fetch(ADDRESS, {
      method: "POST",
      body: asForm(item),
      headers: { "Bearing-Who": item.who },
      redirect: "manual",
      cache: "no-store",
      signal: given.signal,
    });
    return await understood(response);
  } catch {
    return { result: "away" };
  } finally {
    clearTimeout(timer);
  }
}

// Only our own words count as "stored": a login page with status 200 is none.
async function understood(response) {
  const isOurs = response.headers.get("Content-Type")?.startsWith("application/json");
  const said = isOurs ? await response.json() : {};
  if (response.ok && ["stored", "known"].includes(said.result)) {
    return { result: "stored", next: said.next };
  }
  if (SIGN_IN_FIRST.includes(response.status)) return { result: "signed-out" };
  if (response.status >= 500) return { result: "failed" };
  if (response.status < 400 || LATER.includes(response.status)) return { result: "away" };
  return { result: "refused", refused: { message: said.message ?? "", errors: said.errors ?? [] } };
}

function asForm(item) {
  const form = new URLSearchParams(item.fields);
  form.set("client_uuid", item.key);
  form.set("tapped_at", item.tappedAt);
  form.set("sent_at", Date.now());
  form.set("utc_offset", item.utcOffset);
  return form;
}
