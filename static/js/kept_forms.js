// What is typed into a form is kept in this tab until the server has it: when a sign-in ends before
// the form is sent, the same person is offered it again on the same page. The desk has its own.
import { forget, forgetAllBut } from "./forget.js";

const { user } = document.body.dataset;
const MOMENT = 400; // milliseconds without a key
const OURS = `form-${user}-`;
const SECRET = "input[type=password], input[type=file], [data-passkey]";
const NOT_KEPT = /^(csrfmiddlewaretoken|next|initial-.*)$/;

const forms = [...document.querySelectorAll("main form[method=post]")].filter(
  (form) => form.id !== "desk" && !form.querySelector(SECRET) && fields(form).length,
);

function fields(form) {
  return [...form.elements].filter(
    (one) => one.name && !NOT_KEPT.test(one.name) && one.type !== "hidden" && !/^(submit|button|reset)$/.test(one.type),
  );
}

function nameOf(form) {
  const place = forms.indexOf(form);
  return `${OURS}${location.pathname} ${form.getAttribute("action") ?? ""} ${place}`;
}

function typed(form) {
  return fields(form).map((one) => [one.name, one.type, /^(checkbox|radio)$/.test(one.type) ? `${one.value} ${one.checked}` : one.value]);
}

function keep(form, isSent = false) {
  try {
    sessionStorage.setItem(nameOf(form), JSON.stringify({ typed: typed(form), isSent }));
  } catch {
    // A browser that keeps nothing: the form works as ever.
  }
}

function putBack(form, kept) {
  fields(form).forEach((one, place) => {
    const [name, type, value] = kept[place] ?? [];
    if (name !== one.name || type !== one.type) return;
    if (/^(checkbox|radio)$/.test(type)) one.checked = value === `${one.value} true`;
    else one.value = value;
    one.dispatchEvent(new Event("input", { bubbles: true }));
    one.dispatchEvent(new Event("change", { bubbles: true }));
  });
}

function offer(form, kept) {
  const box = document.createElement("div");
  box.className = "notice info kept-form";
  box.setAttribute("role", "status");
  const words = document.createElement("p");
  words.textContent = "You typed here before, and it was not saved.";
  const button = (label, act) => {
    const made = document.createElement("button");
    Object.assign(made, { type: "button", className: "btn btn-small", textContent: label });
    made.addEventListener("click", () => {
      act();
      box.remove();
    });
    return made;
  };
  const actions = document.createElement("div");
  actions.className = "actions";
  actions.append(
    button("Bring it back", () => putBack(form, kept.typed)),
    button("Forget it", () => sessionStorage.removeItem(nameOf(form))),
  );
  box.append(words, actions);
  form.before(box);
}

function prepare(form) {
  let timer = 0;
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => keep(form), MOMENT);
  });
  form.addEventListener("submit", () => {
    clearTimeout(timer);
    keep(form, true);
  });
  const kept = JSON.parse(sessionStorage.getItem(nameOf(form)) ?? "null");
  if (!kept) return;
  if (JSON.stringify(kept.typed) === JSON.stringify(typed(form))) sessionStorage.removeItem(nameOf(form));
  else offer(form, kept);
}

forgetAllBut(OURS);
// A page that follows on a form shows that it arrived; one that is loaded again shows nothing.
const [{ type } = {}] = performance.getEntriesByType("navigation");
if (type !== "reload" && type !== "back_forward") forget("form-", (kept) => kept.isSent);
forms.forEach(prepare);
