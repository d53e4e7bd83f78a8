// Lines are dragged by their grip. The dragged line never leaves the document, which would end the
// capture of the pointer: its neighbours move round it.
import { arrange, desk, lines } from "./desk_lines.js";

const middle = (line) => {
  const box = line.getBoundingClientRect();
  return box.top + box.height / 2;
};

lines.addEventListener("pointerdown", (start) => {
  const grip = start.target.closest(".grip");
  if (!grip || start.button !== 0) return;
  start.preventDefault();
  const line = grip.closest(".line");
  const before = [...lines.children];
  // Only the heads of the lines are shown meanwhile; the grip stays under the pointer.
  lines.classList.add("sorting");
  line.classList.add("dragged");
  const box = grip.getBoundingClientRect();
  window.scrollBy(0, box.top + box.height / 2 - start.clientY);
  grip.setPointerCapture(start.pointerId);

  function follow(event) {
    for (;;) {
      const { previousElementSibling: above, nextElementSibling: below } = line;
      if (above && event.clientY < middle(above)) line.after(above);
      else if (below && event.clientY > middle(below)) line.before(below);
      else return;
    }
  }

  function end(event) {
    grip.removeEventListener("pointermove", follow);
    for (const type of ["pointerup", "pointercancel"]) grip.removeEventListener(type, end);
    document.removeEventListener("keydown", giveUp, true);
    lines.classList.remove("sorting");
    line.classList.remove("dragged");
    line.scrollIntoView({ block: "nearest" });
    if (event.type !== "pointerup") arrange(before, line);
    else if (before.some((one, place) => one !== lines.children[place])) {
      desk.dispatchEvent(new CustomEvent("line-dragged", { detail: { line, before } }));
    }
  }

  function giveUp(event) {
    if (event.key === "Escape") end(event);
  }

  grip.addEventListener("pointermove", follow);
  for (const type of ["pointerup", "pointercancel"]) grip.addEventListener(type, end);
  document.addEventListener("keydown", giveUp, true);
});
