// The page that a locked screen leads to.
import { prepare } from "./unlock.js";

const form = document.getElementById("unlock");
prepare(form, {
  opened: () => location.replace(form.elements.next.value),
  ended: () => location.replace(form.elements.next.value),
});
