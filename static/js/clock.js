// Keeps the clocks of open alerts running: <time datetime="…" data-clock>3 h 20 min</time>.
const MINUTE = 60_000;

function told(since) {
  const minutes = Math.max(0, Math.floor((Date.now() - since) / MINUTE));
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return `${Math.floor(hours / 24)} days ${hours % 24} h`;
  return hours ? `${hours} h ${minutes % 60} min` : `${minutes} min`;
}

const clocks = document.querySelectorAll("time[data-clock]");
if (clocks.length) {
  setInterval(() => {
    for (const clock of clocks) clock.textContent = told(Date.parse(clock.dateTime));
  }, MINUTE / 2);
}
