// Reads a stretch aloud with the browser's own speech. Its button stays hidden where the browser
// has no voice of the page's language.
const speech = window.speechSynthesis;
const buttons = [...document.querySelectorAll("[data-aloud]")];
const READ = "h2, h3, p, li";
const NOT_READ = "[data-stage], .hints, .direction";
let now = null; // the button whose stretch is read at the moment

const primary = (language) => language.toLowerCase().split(/[-_]/)[0];
const isShown = (element) => element.getClientRects().length > 0;

function offer() {
  const wanted = primary(document.documentElement.lang);
  const canRead = speech.getVoices().some((voice) => primary(voice.lang) === wanted);
  for (const button of buttons) button.hidden = !canRead;
}

function show(button, isReading) {
  button.querySelector("[data-read]").hidden = isReading;
  button.querySelector("[data-stop]").hidden = !isReading;
}

function stop() {
  if (!now) return;
  show(now, false);
  now = null;
  speech.cancel();
}

function stopIfGone() {
  if (now && (!isShown(now) || document.querySelector("dialog[open]"))) stop();
}

// One utterance for each sentence or step: some browsers fall silent in the middle of a long one.
function read(button) {
  stop();
  const texts = [...button.closest("section").querySelectorAll(READ)]
    .filter((element) => isShown(element) && !element.closest(NOT_READ))
    .map((element) => {
      const text = new SpeechSynthesisUtterance(element.textContent.replace(/\s+/g, " ").trim());
      text.lang = element.closest("[lang]").lang;
      return text;
    });
  now = button;
  show(button, true);
  // An end that comes late, of what was stopped, ends nothing new.
  texts.at(-1).addEventListener("end", () => now === button && !speech.pending && stop());
  for (const text of texts) speech.speak(text);
}

if (speech && buttons.length) {
  offer();
  // Voices may come later than the page.
  speech.addEventListener("voiceschanged", offer);
  document.addEventListener("click", (event) => {
    const pressed = event.target.closest("[data-aloud]");
    if (pressed && pressed !== now) read(pressed);
    else if (pressed) stop();
    // What was pressed may have led on to another stretch, or asked a question.
    else setTimeout(stopIfGone);
  });
  addEventListener("pagehide", stop);
}
