// This page came instead of the one that a form was sent to: what was sent has not arrived.
for (const key of Object.keys(sessionStorage)) {
  if (!key.startsWith("form-") && !key.startsWith("draft-")) continue;
  const kept = JSON.parse(sessionStorage.getItem(key));
  sessionStorage.setItem(key, JSON.stringify({ ...kept, isSent: false }));
}
