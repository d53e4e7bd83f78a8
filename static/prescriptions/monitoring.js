// The timer of monitoring: shows how long it has run, and tells the server of signs of work, at
// most twice a minute. Without this it starts and stops by its buttons all the same.
const EVERY = 30_000;
const SECOND = 1_000;
const box = document.getElementById("timer");
let toldAt = Date.now();
let isTelling = false;

function show() {
  const clock = box.querySelector("[data-elapsed]");
  if (!clock) return;
  clock.dataset.since ??= Date.now() - Number(clock.dataset.elapsed) * SECOND;
  const seconds = Math.max(0, Math.floor((Date.now() - Number(clock.dataset.since)) / SECOND));
  clock.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

async function tell() {
  const running = box.querySelector("[data-running]");
  if (!running || isTelling || Date.now() - toldAt < EVERY) return;
  isTelling = true;
  toldAt = Date.now();
  try {
    const token = running.querySelector("[name=csrfmiddlewaretoken]").value;
    const response = await fetch(box.dataset.keep, {
      method: "POST",
      headers: { "X-CSRFToken": token },
    });
    // It ended meanwhile: what stands now, with a button to begin anew.
    if (response.status === 200 && !response.redirected) box.innerHTML = await response.text();
  } catch {
    // Without a network no sign is counted; the next one is tried again.
  } finally {
    isTelling = false;
  }
}

if (box) {
  show();
  setInterval(show, SECOND);
  for (const sign of ["pointerdown", "keydown", "wheel", "touchmove"]) {
    addEventListener(sign, tell, { passive: true });
  }
}
