// What the desk kept in this tab holds health data: it goes with the sign-out, and as soon as any
// page shows that it was received.
function forget(isDone) {
  for (const key of Object.keys(sessionStorage)) {
    if (key.startsWith("draft-") && isDone(JSON.parse(sessionStorage.getItem(key)))) {
      sessionStorage.removeItem(key);
    }
  }
}

if (!document.getElementById("desk")) forget((kept) => kept.isSent);
document.querySelector("form.out")?.addEventListener("submit", () => forget(() => true));
