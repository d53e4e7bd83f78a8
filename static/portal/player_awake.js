// Keeps the screen on where the browser can. The lock is lost whenever the page is out of sight.
export function keepAwake() {
  if (!("wakeLock" in navigator)) return;
  const hold = async () => {
    if (document.visibilityState !== "visible") return;
    try {
      await navigator.wakeLock.request("screen");
    } catch {
      // A low battery may refuse it: then the screen goes dark as it always does.
    }
  };
  document.addEventListener("visibilitychange", hold);
  hold();
}
