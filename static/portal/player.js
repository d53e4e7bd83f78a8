// The player: shows one exercise at a time. What it counts is decided in player_state.js.
import { keepAwake } from "./player_awake.js";
import * as cues from "./player_cues.js";
import * as game from "./player_state.js";

const TICK = 200; // milliseconds between two looks at the clock
// Of these a screen reader hears when they begin.
const TOLD = ["get_ready", "hold", "let_go", "rest", "done", "stopped"];
const CUES = { hold: "start", let_go: "end", rest: "set", done: "set", get_ready: "end" };

const page = document.querySelector("[data-player]");
// What is said comes with the page, in its language; fill() puts numbers where braces stand.
const words = JSON.parse(page.dataset.words);
const plural = new Intl.PluralRules(document.documentElement.lang);
const fill = (sentence, numbers) => sentence.replace(/{(\w+)}/g, (_, name) => numbers[name]);
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

// To the log: the page that the phone keeps takes the counts by itself, with or without a network.
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if ((await isKept(form.action)) && handOver()) return location.assign(form.action);
  find("offline").hidden = navigator.onLine;
  if (!navigator.onLine) return;
  plans.forEach(({ name }, at) => {
    form.elements[`${name}-counted`].value = state.played[at].counted;
    form.elements[`${name}-hurts`].value = state.played[at].hurts ? "on" : "";
  });
  form.submit();
});

const isKept = async (address) =>
  Boolean(navigator.serviceWorker?.controller && (await caches.match(address)));

function handOver() {
  const played = plans.map(({ name }, at) => [name, state.played[at]]);
  try {
    sessionStorage.setItem("played", JSON.stringify(Object.fromEntries(played)));
    return true;
  } catch {
    return false;
  }
}

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
  find("place").textContent = isFinished
    ? words.phases.finished
    : fill(words.place, { at: state.at + 1, all: plans.length });
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
    const numbers = { count: counted, all: game.total(plans[at]) };
    if (hurts) one.textContent = fill(words.result_hurt, numbers);
    else one.textContent = counted ? fill(words.result, numbers) : words.not_counted;
  });
}

function showMain() {
  const phase = game.phase(state);
  const { main } = words;
  const next = state.at === plans.length - 1 ? main.last : main.next;
  const ready = phase === "ready" && game.isTimed(game.plan(state)) ? main.start : main.one_more;
  const says = { ...main, ready, done: next, stopped: next };
  button("main").textContent = state.isPaused ? main.go_on : says[phase];
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
  const says = phase === "ready" && !waits ? "count" : phase;
  find("word").textContent = words.phases[state.isPaused ? "paused" : says];
  if (!isClock) {
    find("number").textContent = waits ? plan.hold : counted;
    find("of").textContent = waits ? seconds(plan.hold) : fill(words.of, { all: plan.repetitions });
  }
  stage.classList.toggle("has-clock", isClock);
  const sets = plan.sets > 1 ? [fill(words.set, { at: set, all: plan.sets })] : [];
  const ofSet = { count: counted, all: plan.repetitions };
  const repetitions = isClock || waits ? [fill(words.counted, ofSet)] : [];
  stage.querySelector("[data-sets]").textContent = [...sets, ...repetitions].join(" · ");
  const isMoving = isClock && phase !== "rest" && !state.isPaused;
  button("one_less").hidden = isMoving || game.played(state).counted === 0;
}

function showClock() {
  const left = game.secondsLeft(state, now());
  find("number").textContent = left;
  find("of").textContent = seconds(left);
  find("left").style.setProperty("--left", game.shareLeft(state, now()));
}

const seconds = (count) => words.seconds[plural.select(count)];

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
  const told = [];
  if (hasCounted) told.push(fill(words.told_count, { count: ofSet, all: plan.repetitions }));
  if (hasChanged && phase === "rest") told.push(fill(words.told_set, { at: set, all: plan.sets }));
  if (hasChanged && TOLD.includes(phase)) told.push(`${words.phases[phase]}.`);
  if (state.isPaused !== before.isPaused)
    told.push(state.isPaused ? words.told_paused : words.told_going_on);
  if (told.length) find("told").textContent = told.join(" ");
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
