// The lines of the desk as the page holds them: numbered, told about, and put back.
export const desk = document.getElementById("desk");
export const lines = document.getElementById("lines");
const told = document.getElementById("told");
const undoButton = document.getElementById("undo");
const checker = document.getElementById("checker");
const past = []; // what can be undone, the last act last
let numbering = 0; // counts how often the lines were numbered anew
let askedAt = 0;

// An answer about the old numbers would land in the wrong lines; the next one is on its way.
checker.addEventListener("htmx:beforeRequest", () => (askedAt = numbering));
checker.addEventListener("htmx:beforeSwap", (event) => {
  if (askedAt !== numbering) event.detail.shouldSwap = false;
});

export const nameOf = (line) => line.querySelector("h2").textContent.trim();
export const placeOf = (line) => [...lines.children].indexOf(line);

/** Say to a screen reader what has happened. */
export function tell(words) {
  told.textContent = words;
}

/** Note how to undo what was just done. */
export function remember(what, back) {
  past.push({ what, back });
  showUndo();
}

export function undo() {
  const last = past.pop();
  if (!last) return tell("There is nothing to undo.");
  last.back();
  changed();
  showUndo();
  tell(`Undone: ${last.what}.`);
}

function showUndo() {
  const hadFocus = document.activeElement === undoButton;
  undoButton.hidden = past.length === 0;
  undoButton.querySelector(".what").textContent = past.length ? `Undo: ${past.at(-1).what}` : "Undo";
  if (hadFocus && undoButton.hidden) document.getElementById("id_q").focus();
}

/** Put the lines into this order. The line itself stays where it is, and so keeps the focus. */
export function arrange(order, line) {
  const place = order.indexOf(line);
  for (const other of order.slice(0, place)) line.before(other);
  for (const other of order.slice(place + 1).reverse()) line.after(other);
}

/** Number the lines as the server reads them, have them checked, and have them saved. */
export function changed() {
  numbering += 1;
  [...lines.children].forEach((line, place, all) => {
    for (const node of line.querySelectorAll("[id], [name], [for], [aria-describedby]")) {
      for (const attribute of ["id", "name", "for", "aria-describedby"]) {
        const text = node.getAttribute(attribute);
        if (text) node.setAttribute(attribute, numbered(text, place));
      }
    }
    for (const button of line.querySelectorAll("button[name=do]")) {
      const isAfter = button.value.startsWith("add:");
      button.value = button.value.replace(/\d+$/, isAfter ? place + 1 : place);
    }
    line.querySelector('[value^="up:"]').disabled = place === 0;
    line.querySelector('[value^="down:"]').disabled = place === all.length - 1;
  });
  document.getElementById("id_lines-TOTAL_FORMS").value = lines.children.length;
  desk.dispatchEvent(new Event("lines-changed"));
  check();
}

/** Ask for the findings of what is typed now. */
export function check() {
  window.htmx.trigger(checker, "recheck");
}

function numbered(text, place) {
  return text.replace(/lines-\d+-/g, `lines-${place}-`).replace(/findings-\d+/g, `findings-${place}`);
}
