// The form of a lock: the password is checked without leaving the page, and so is a passkey.
import { get, problemOf } from "./passkeys.js";

const JSON_PLEASE = { Accept: "application/json" };

/** Calls `opened` with what the server says once it knows that it is the right person. */
export function prepare(form, { opened, ended }) {
  const problem = form.querySelector("[role=alert]");
  const button = form.querySelector("[data-passkey]");
  button.hidden = !window.PublicKeyCredential;

  function say(words) {
    problem.textContent = words;
    problem.hidden = false;
  }

  async function send(body) {
    problem.hidden = true;
    const request = { method: "POST", body, headers: JSON_PLEASE, redirect: "manual" };
    const response = await fetch(form.dataset.ask, request).catch(() => null);
    if (response === null) return say("No connection. What is on the page is kept; try again.");
    if (response.type === "opaqueredirect" || response.status === 403) return ended();
    if (response.status === 429) return say("Too many tries. Wait a few minutes, then try again.");
    if (response.ok) return opened(await response.json());
    if (response.status === 422 || response.status === 409) {
      say((await response.json()).problem);
      form.elements.password.value = "";
      return form.elements.password.focus();
    }
    return say("That did not work. Try again in a moment.");
  }

  async function sendPasskey() {
    try {
      const response = await fetch(form.dataset.ask, { headers: JSON_PLEASE, redirect: "manual" });
      if (response.type === "opaqueredirect") return await ended();
      const { request } = await response.json();
      if (!request) return say("You have no passkey yet. Type your password.");
      const body = new FormData(form);
      body.delete("password");
      body.set("credential", JSON.stringify(await get(request)));
      return await send(body);
    } catch (error) {
      return say(problemOf(error));
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(new FormData(form));
  });
  button.addEventListener("click", sendPasskey);
}
