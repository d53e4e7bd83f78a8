// What is heard and felt while the phone lies on the floor. Either can be off, and stays off.

const TONES = { start: [660], end: [440], set: [440, 554, 660], count: [550] }; // hertz, in turn
const BUZZES = { start: [200], end: [80], set: [200, 100, 200], count: [30] }; // milliseconds
const TONE_SECONDS = 0.18;
const LOUDNESS = 0.2;

let audio = null;

export const canVibrate = "vibrate" in navigator;

export function isOn(kind) {
  return read(kind) !== "off";
}

export function turn(kind, on) {
  try {
    localStorage.setItem(`player-${kind}`, on ? "on" : "off");
  } catch {
    // A browser that keeps nothing asks again next time.
  }
}

// Browsers let sound begin only while something is pressed.
export function wake() {
  audio ??= "AudioContext" in window ? new AudioContext() : null;
  if (audio?.state === "suspended") audio.resume();
}

export function give(cue) {
  if (isOn("vibration") && canVibrate) navigator.vibrate(BUZZES[cue]);
  if (isOn("sound") && audio?.state === "running") {
    TONES[cue].forEach((hertz, place) => sound(hertz, audio.currentTime + place * TONE_SECONDS));
  }
}

function sound(hertz, from) {
  const tone = new OscillatorNode(audio, { frequency: hertz });
  const volume = new GainNode(audio, { gain: 0 });
  // Up and down without a click.
  volume.gain.setValueAtTime(0, from);
  volume.gain.linearRampToValueAtTime(LOUDNESS, from + 0.02);
  volume.gain.linearRampToValueAtTime(0, from + TONE_SECONDS);
  tone.connect(volume).connect(audio.destination);
  tone.start(from);
  tone.stop(from + TONE_SECONDS);
}

function read(kind) {
  try {
    return localStorage.getItem(`player-${kind}`);
  } catch {
    return null;
  }
}
