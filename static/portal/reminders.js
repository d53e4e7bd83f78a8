// Turns messages on for this phone. The page holds every word; this only chooses what is shown:
// impossible, refused, off, busy, failed. When it is on, the page comes anew from the server.
const form = document.getElementById("push");
const WAITS = 15_000; // milliseconds for the service worker and the push service

function show(state) {
  for (const part of form.querySelectorAll("[data-state]")) part.hidden = part.dataset.state !== state;
}

function isPossible() {
  return Boolean(navigator.serviceWorker && window.PushManager && window.Notification);
}

function stateNow() {
  if (!isPossible()) return "impossible";
  return Notification.permission === "denied" ? "refused" : "off";
}

function within(milliseconds, promise) {
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error("late")), milliseconds));
  return Promise.race([promise, late]);
}

async function subscription() {
  const { pushManager } = await navigator.serviceWorker.ready;
  // One that was made for another key would never be answered.
  await (await pushManager.getSubscription())?.unsubscribe();
  return pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: form.dataset.key });
}

async function turnOn() {
  show("busy");
  if ((await Notification.requestPermission()) !== "granted") return show(stateNow());
  try {
    const { endpoint, keys } = (await within(WAITS, subscription())).toJSON();
    const body = new FormData(form);
    for (const [name, value] of Object.entries({ endpoint, ...keys })) body.set(name, value);
    const answer = await fetch(form.action, { method: "POST", body, redirect: "error" });
    if (!answer.ok) throw new Error(`answer ${answer.status}`);
  } catch {
    return show("failed");
  }
  location.reload();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  turnOn();
});
show(stateNow());
