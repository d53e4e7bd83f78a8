// What the desk and other forms kept in this tab holds health data: it goes with the sign-out, and as
// soon as any page shows that it was received.
export function forget(prefix, isDone) {
  for (const key of Object.keys(sessionStorage)) {
    if (key.startsWith(prefix) && isDone(JSON.parse(sessionStorage.getItem(key)))) {
      sessionStorage.removeItem(key);
    }
  }
}

/** What others typed who were signed in on this tab before. */
export function forgetAllBut(mine) {
  for (const key of Object.keys(sessionStorage)) {
    if (key.startsWith("form-") && !key.startsWith(mine)) sessionStorage.removeItem(key);
  }
}

if (!document.getElementById("desk")) forget("draft-", (kept) => kept.isSent);
// Also on the cover of a locked page, which is made later.
document.addEventListener("submit", ({ target }) => {
  if (!target.matches("form.out")) return;
  forget("draft-", () => true);
  forget("form-", () => true);
});
