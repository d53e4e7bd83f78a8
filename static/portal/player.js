// The player: shows one exercise at a time. What it counts is decided in player_state.js.
import { keepAwake } from "./player_awake.js";
import * as cues from "./player_cues.js";
import * as game from "./player_state.js";

const TICK = 200; // milliseconds between two looks at the clock
const WORDS = {
  ready: "Hold for",
  get_ready: "Get ready",
  hold: "Hold",
  let_go: "Let go",
  rest: "Rest",
  done: "Done",
  stopped: "Stopped",
};
const MAIN = {
  get_ready: "Start now",
  hold: "Let go now",
  let_go: "Hold now",
  rest: "Go on now",
  finished: "Check and save",
};
const CUES = { hold: "start", let_go: "end", rest: "set", done: "set", get_ready: "end" };

const page = document.querySelector("[data-player]");
const find = (name) => page.querySelector(`[data-${name}]`);
const button = (name) => page.querySelector(`[data-do="${name}"]`);
const exercises = [...page.querySelectorAll("[data-exercise]")];
const dialog = find("hurts");
const form = find("controls");
const stage = find("stage");
const prefersStill = matchMedia("(prefers-reduced-motion: reduce)");
const now = () => performance.now();

const plans = exercises.map(({ dataset }) => ({
  name: dataset.exercise,
  sets: Number(dataset.sets),
  repetitions: Number(dataset.repetitions),
  hold: Number(dataset.hold),
}));

let state = game.begin(plans, kept());
let shown = null; // the state that the page shows

// Acts.

const ACTS = {
  main: () => (game.isFinished(state) ? form.requestSubmit() : show(game.press(state, now()))),
  one_less: () => show(game.oneLess(state)),
  pause: () => show(state.isPaused ? game.goOn(state, now()) : game.pause(state, now())),
  back: () => show(game.back(state)),
  next: () => show(game.next(state)),
  hurts() {
    show(game.pause(state, now()));
    const signs = exercises[state.at].querySelector("[data-stop-for]");
    find("stop-here").replaceChildren(...signs.cloneNode(true).childNodes);
    dialog.showModal();
  },
  tell() {
    dialog.close();
    show(game.stop(state));
    form.requestSubmit();
  },
  leave_out() {
    dialog.close();
    show(game.next(game.stop(state)));
  },
  mistake: () => dialog.close(),
};

page.addEventListener("click", (event) => {
  const pressed = event.target.closest("[data-do], [data-switch]");
  if (!pressed) return;
  cues.wake();
  if (pressed.dataset.do) ACTS[pressed.dataset.do]();
  else flip(pressed);
});

form.addEventListener("submit", (event) => {
  find("offline").hidden = navigator.onLine;
  if (!navigator.onLine) event.preventDefault();
  plans.forEach(({ name }, at) => {
    form.elements[`${name}-counted`].value = state.played[at].counted;
    form.elements[`${name}-hurts`].value = state.played[at].hurts ? "on" : "";
  });
});

setInterval(() => show(game.tick(state, now())), TICK);

// Switches.

for (const one of page.querySelectorAll("[data-switch]")) {
  one.setAttribute("aria-pressed", cues.isOn(one.dataset.switch));
  one.hidden = one.dataset.switch === "vibration" && !cues.canVibrate;
}

function flip(one) {
  const isOn = one.getAttribute("aria-pressed") !== "true";
  cues.turn(one.dataset.switch, isOn);
  one.setAttribute("aria-pressed", isOn);
  if (isOn) cues.give("start");
}

// What is seen.

function show(after) {
  state = after;
  if (game.isRunning(state)) showClock();
  if (state === shown) return;
  const before = shown;
  shown = state;
  keep();
  if (before?.at !== state.at) showPlace(Boolean(before));
  showMain();
  showControls();
  if (!game.isFinished(state)) {
    showStage();
    moveFigure();
  }
  if (before?.at === state.at) tell(before);
}

function showPlace(moves) {
  const isFinished = game.isFinished(state);
  exercises.forEach((one, at) => (one.hidden = at !== state.at));
  find("finish").hidden = !isFinished;
  stage.hidden = isFinished;
  if (isFinished) showResults();
  else exercises[state.at].querySelector(".exercise-figure").after(stage);
  find("place").textContent = isFinished ? "Finished" : `Stretch ${state.at + 1} of ${plans.length}`;
  page.querySelectorAll(".player-way > *").forEach((one, at) => {
    one.className = at < state.at ? "past" : at === state.at ? "here" : "";
  });
  if (!moves) return;
  find("scene").scrollTo(0, 0);
  page.querySelector("[data-exercise]:not([hidden]) h2, [data-finish]:not([hidden]) h2").focus();
}

function showResults() {
  page.querySelectorAll("[data-result]").forEach((one, at) => {
    const { counted, hurts } = state.played[at];
    const words = counted ? `${counted} of ${game.total(plans[at])}` : "Not counted";
    one.textContent = hurts ? `${counted} of ${game.total(plans[at])}. Stopped: it hurt.` : words;
  });
}

function showMain() {
  const phase = game.phase(state);
  const last = state.at === plans.length - 1;
  const words = {
    ...MAIN,
    ready: game.isFinished(state) || !game.isTimed(game.plan(state)) ? "One more" : "Start",
    done: last ? "Finish" : "Next stretch",
    stopped: last ? "Finish" : "Next stretch",
  };
  button("main").textContent = state.isPaused ? "Go on" : words[phase];
}

function showControls() {
  const isFinished = game.isFinished(state);
  for (const name of ["hurts", "pause", "next"]) button(name).hidden = isFinished;
  button("back").disabled = state.at === 0;
  button("pause").disabled = ["done", "stopped"].includes(game.phase(state));
  button("pause").setAttribute("aria-pressed", state.isPaused);
}

function showStage() {
  const plan = game.plan(state);
  const phase = game.phase(state);
  const { set, counted } = game.place(state);
  const isClock = game.isRunning(state);
  const waits = phase === "ready" && game.isTimed(plan);
  stage.dataset.phase = state.isPaused ? "paused" : phase;
  find("word").textContent = state.isPaused
    ? "Paused"
    : phase === "ready" && !waits
      ? "Count"
      : WORDS[phase];
  find("of").textContent = isClock || waits ? "seconds" : `of ${plan.repetitions}`;
  if (waits) find("number").textContent = plan.hold;
  else if (!isClock) find("number").textContent = counted;
  stage.classList.toggle("has-clock", isClock);
  const sets = plan.sets > 1 ? [`Set ${set} of ${plan.sets}`] : [];
  const repetitions = isClock || waits ? [`${counted} of ${plan.repetitions} done`] : [];
  stage.querySelector("[data-sets]").textContent = [...sets, ...repetitions].join(" · ");
  const isMoving = isClock && phase !== "rest" && !state.isPaused;
  button("one_less").hidden = isMoving || game.played(state).counted === 0;
}

function showClock() {
  find("number").textContent = game.secondsLeft(state, now());
  find("left").style.setProperty("--left", game.shareLeft(state, now()));
}

// The figure moves with the count; where motion is not wanted, its own button decides.
function moveFigure() {
  const loop = exercises[state.at].querySelector(".drawing-loop");
  if (!loop || prefersStill.matches) return;
  if (state.isPaused) loop.pauseAnimations();
  else loop.unpauseAnimations();
}

// What is heard: at each count and each change, never at each second.
function tell(before) {
  const phase = game.phase(state);
  const counted = game.played(state).counted;
  const hasCounted = counted !== game.played(before).counted;
  const hasChanged = phase !== game.phase(before) && !state.isPaused;
  const { set, counted: ofSet } = game.place(state);
  const plan = game.plan(state);
  const words = [];
  if (hasCounted) words.push(`${ofSet} of ${plan.repetitions}.`);
  if (hasChanged && phase === "rest") words.push(`Set ${set} of ${plan.sets} is done.`);
  if (hasChanged && WORDS[phase] && phase !== "ready") words.push(`${WORDS[phase]}.`);
  if (state.isPaused !== before.isPaused) words.push(state.isPaused ? "Paused." : "Going on.");
  if (words.length) find("told").textContent = words.join(" ");
  if (hasChanged && CUES[phase]) cues.give(CUES[phase]);
  else if (hasCounted) cues.give("count");
}

// What is kept in this tab, so that a reload loses no count.

function keep() {
  try {
    sessionStorage.setItem(page.dataset.player, JSON.stringify(game.toKeep(state)));
  } catch {
    // Without storage a reload begins anew.
  }
}

function kept() {
  try {
    const found = JSON.parse(sessionStorage.getItem(page.dataset.player));
    return found?.played.length === exercises.length ? found : {};
  } catch {
    return {};
  }
}

for (const part of page.querySelectorAll("[data-playing]")) part.hidden = false;
document.body.classList.add("playing");
find("scene").tabIndex = 0; // what scrolls can be scrolled by keyboard
keepAwake();
show(state);
