// Passkeys. A form with data-passkey-create or data-passkey-get="id of the question" asks the browser
// when its button is pressed, and sends the answer in its field "credential". A form with
// data-passkey-ask asks the server for the question first.
const NOT_HERE =
  "This browser cannot use passkeys at this address. They need https, or http://localhost.";

const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));

const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

const known = (list = []) => list.map((one) => ({ ...one, id: bytes(one.id) }));

const described = (credential, response) => ({
  id: credential.id,
  rawId: text(credential.rawId),
  type: credential.type,
  authenticatorAttachment: credential.authenticatorAttachment,
  clientExtensionResults: credential.getClientExtensionResults(),
  response,
});

/** A new passkey that signs in without a password, for a question of the server. */
export async function create({ publicKey }) {
  const credential = await navigator.credentials.create({
    publicKey: {
      ...publicKey,
      challenge: bytes(publicKey.challenge),
      user: { ...publicKey.user, id: bytes(publicKey.user.id) },
      excludeCredentials: known(publicKey.excludeCredentials),
      authenticatorSelection: {
        ...publicKey.authenticatorSelection,
        residentKey: "required",
        requireResidentKey: true,
        userVerification: "required",
      },
    },
  });
  return described(credential, {
    clientDataJSON: text(credential.response.clientDataJSON),
    attestationObject: text(credential.response.attestationObject),
    transports: credential.response.getTransports?.() ?? [],
  });
}

/** The answer of a passkey to a question of the server. */
export async function get({ publicKey }) {
  const credential = await navigator.credentials.get({
    publicKey: {
      ...publicKey,
      challenge: bytes(publicKey.challenge),
      allowCredentials: known(publicKey.allowCredentials),
    },
  });
  const { clientDataJSON, authenticatorData, signature, userHandle } = credential.response;
  return described(credential, {
    clientDataJSON: text(clientDataJSON),
    authenticatorData: text(authenticatorData),
    signature: text(signature),
    userHandle: userHandle && text(userHandle),
  });
}

/** What a person can do about it. */
export function problemOf(error) {
  if (error.name === "InvalidStateError") return "This device has a passkey for you already.";
  if (error.name === "NotAllowedError") return "Nothing came from your device. Try once more, or another way.";
  if (error.name === "SecurityError" || !window.PublicKeyCredential) return NOT_HERE;
  return "That did not work. Try once more, or another way.";
}

async function question(form) {
  const { passkeyAsk, passkeyGet, passkeyCreate } = form.dataset;
  if (!passkeyAsk) return JSON.parse(document.getElementById(passkeyGet ?? passkeyCreate).textContent);
  const response = await fetch(passkeyAsk, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`The server answered ${response.status}`);
  return (await response.json()).request_options;
}

function prepare(form) {
  const problem = form.querySelector("[data-problem]");
  const press = async () => {
    problem.hidden = true;
    try {
      const asked = await question(form);
      const answer = await ("passkeyCreate" in form.dataset ? create(asked) : get(asked));
      form.elements.credential.value = JSON.stringify(answer);
      form.submit();
    } catch (error) {
      problem.textContent = problemOf(error);
      problem.hidden = false;
    }
  };
  form.querySelector("button").addEventListener("click", press);
  // The Enter key in a field, which would send the form without its passkey.
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    press();
  });
}

for (const form of document.querySelectorAll("form[data-passkey-create], form[data-passkey-get], form[data-passkey-ask]")) {
  prepare(form);
}
