// What waits on this phone to be sent, and a few notes, in IndexedDB. Pages and worker share it.
// A later version must still read items of format 1.
const DATABASE = "bearing";
const VERSION = 1;
const OUTBOX = "outbox";
const NOTES = "notes";
export const FORMAT = 1;

// Puts an item at the end of the line, for good before this resolves. An item has:
// key (UUID), who, kind ("signs" or "log"), fields ([name, value] pairs), address (the page
// it was filled in on), tappedAt (milliseconds), utcOffset (minutes), tries, refused.
export async function keep(item) {
  const place = await inStore(OUTBOX, "readwrite", (store) => store.add({ ...item, format: FORMAT }));
  await navigator.storage?.persist?.().catch(() => false);
  return place;
}

// All that waits, in the order in which it is sent: signs that need help first.
export async function waiting() {
  const items = await inStore(OUTBOX, "readonly", (store) => store.getAll());
  const rank = (item) => (item.kind === "signs" ? 0 : 1);
  return items.sort((one, other) => rank(one) - rank(other) || one.place - other.place);
}

export const change = (item) => inStore(OUTBOX, "readwrite", (store) => store.put(item));
export const forget = (item) => inStore(OUTBOX, "readwrite", (store) => store.delete(item.place));
export const note = (name) => inStore(NOTES, "readonly", (store) => store.get(name));
export const setNote = (name, value) =>
  inStore(NOTES, "readwrite", (store) => store.put(value, name));

export async function forgetAllOf(who) {
  for (const item of await waiting()) if (item.who === who) await forget(item);
  if ((await note("who")) === who) await setNote("who", null);
  await setNote(`pages ${who}`, null);
}

async function inStore(name, mode, act) {
  const database = await opened();
  try {
    return await new Promise((done, failed) => {
      // "strict": the phone may lose its battery in the next second.
      const transaction = database.transaction(name, mode, { durability: "strict" });
      const request = act(transaction.objectStore(name));
      transaction.oncomplete = () => done(request.result);
      transaction.onabort = () => failed(transaction.error ?? request.error);
    });
  } finally {
    database.close();
  }
}

function opened() {
  return new Promise((done, failed) => {
    const request = indexedDB.open(DATABASE, VERSION);
    request.onupgradeneeded = () => {
      const outbox = request.result.createObjectStore(OUTBOX, {
        keyPath: "place",
        autoIncrement: true,
      });
      outbox.createIndex("key", "key", { unique: true });
      request.result.createObjectStore(NOTES);
    };
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
    request.onblocked = () => failed(new Error("blocked"));
  });
}
