// The first page from the keyboard: through the rows, and what can be done with each. Every key
// presses a link or button of the row; without a script those do the same.
const list = document.getElementById("today");
const switched = document.getElementById("use-keys");
const PLACE = "today-place"; // the row to go on with after a press has loaded the page again
const OFF = "today-keys-off";

if (list) {
  const rows = [...list.querySelectorAll("li")];

  const inHand = () => rows.findIndex((row) => row.contains(document.activeElement));

  function take(place) {
    const row = rows[Math.max(0, Math.min(rows.length - 1, place))];
    row.focus();
    row.scrollIntoView({ block: "nearest" });
  }

  function press(key) {
    const row = rows[inHand()];
    const found = row?.querySelector(`[data-key="${key}"]`);
    if (!found) return false;
    found.click();
    return true;
  }

  function help() {
    const keys = document.getElementById("keys");
    keys.open = true;
    keys.querySelector("summary").focus();
    return true;
  }

  const MOVES = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };

  function answer(key) {
    if (key === "?") return help();
    if (key in MOVES) {
      const place = inHand();
      // The arrows scroll the page until a row is in hand.
      if (place < 0 && key.length > 1) return false;
      take(place < 0 ? 0 : place + MOVES[key]);
      return true;
    }
    return key.length === 1 && press(key);
  }

  document.addEventListener("keydown", (event) => {
    const types = event.target.closest("input, select, textarea, [contenteditable]");
    if (types || event.ctrlKey || event.metaKey || event.altKey || !switched.checked) return;
    if (answer(event.key)) event.preventDefault();
  });

  switched.checked = localStorage.getItem(OFF) === null;
  list.classList.toggle("keyed", switched.checked);
  switched.addEventListener("change", () => {
    list.classList.toggle("keyed", switched.checked);
    if (switched.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "1");
  });

  list.addEventListener("submit", () => sessionStorage.setItem(PLACE, inHand()));
  const before = sessionStorage.getItem(PLACE);
  sessionStorage.removeItem(PLACE);
  if (before !== null && Number(before) >= 0) take(Number(before));
}
