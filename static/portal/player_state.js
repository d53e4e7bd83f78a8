// What the player counts and times, without a page: each function takes a state and gives the next.
// Times are milliseconds of one steady clock, handed in as `now`; ticks may come late or not at all.

// A shorter hold is a movement like any other: it is counted by hand.
const SHORTEST_TIMED_HOLD = 2;
const SECONDS = { get_ready: 5, let_go: 5, rest: 30 };
// A tick this late follows on from when the phase ended; a later one starts the next phase anew,
// so that a sleeping phone never counts what nobody was led through.
const LATE_AT_MOST = 1500;

export const begin = (plans, kept) => ({
  plans,
  at: 0,
  played: plans.map(() => ({ counted: 0, hurts: false })),
  ...kept,
  ...atRest("ready"),
});

export const plan = (state) => state.plans[state.at];
export const played = (state) => state.played[state.at];
export const isFinished = (state) => state.at === state.plans.length;
export const isTimed = (plan) => plan.hold >= SHORTEST_TIMED_HOLD;
export const isRunning = (state) => state.endsAt !== null;
export const total = (plan) => plan.sets * plan.repetitions;

// What the patient sees: ready, get_ready, hold, let_go, rest, done or stopped.
export function phase(state) {
  if (isFinished(state)) return "finished";
  if (played(state).hurts) return "stopped";
  return played(state).counted >= total(plan(state)) ? "done" : state.phase;
}

// The set that is under way, from 1, and how many of it are done.
export function place(state) {
  const { sets, repetitions } = plan(state);
  const { counted } = played(state);
  const isBetween = counted > 0 && counted % repetitions === 0;
  const isWaiting = state.phase === "rest" || counted === total(plan(state));
  const done = Math.floor(counted / repetitions) - (isBetween && isWaiting ? 1 : 0);
  return { set: Math.min(done + 1, sets), counted: counted - done * repetitions };
}

// Seconds that are left of what runs, counted up so that 0 is only ever the end.
export function secondsLeft(state, now) {
  return Math.ceil(Math.max(0, millisecondsLeft(state, now)) / 1000);
}

// How much of what runs is left, from 1 to 0.
export function shareLeft(state, now) {
  return Math.max(0, millisecondsLeft(state, now)) / (secondsOf(state, state.phase) * 1000);
}

// The big button, whatever it says now.
export function press(state, now) {
  if (state.isPaused) return goOn(state, now);
  if (isRunning(state)) return over(state, now);
  if (phase(state) !== "ready") return next(state);
  return isTimed(plan(state)) ? run(state, "get_ready", now) : countOne(state, now);
}

export function tick(state, now) {
  if (state.isPaused || !isRunning(state) || now < state.endsAt) return state;
  return over(state, now - state.endsAt > LATE_AT_MOST ? now : state.endsAt);
}

export function pause(state, now) {
  if (state.isPaused) return state;
  return { ...state, isPaused: true, left: isRunning(state) ? state.endsAt - now : 0 };
}

export function goOn(state, now) {
  return { ...state, isPaused: false, endsAt: isRunning(state) ? now + state.left : null };
}

export function oneLess(state) {
  const { counted } = played(state);
  if (counted === 0) return state;
  return { ...withPlayed(state, { counted: counted - 1 }), ...atRest("ready") };
}

export function stop(state) {
  return { ...withPlayed(state, { hurts: true }), ...atRest("ready") };
}

export const next = (state) => goTo(state, Math.min(state.at + 1, state.plans.length));
export const back = (state) => goTo(state, Math.max(state.at - 1, 0));

// What is worth keeping when the page is left: a timer is not.
export const toKeep = ({ at, played }) => ({ at, played });

const atRest = (phase) => ({ phase, endsAt: null, left: 0, isPaused: false });
const goTo = (state, at) => ({ ...state, at, ...atRest("ready") });
const secondsOf = (state, phase) => (phase === "hold" ? plan(state).hold : SECONDS[phase]);
const millisecondsLeft = (state, now) => (state.isPaused ? state.left : state.endsAt - now);

function run(state, phase, from) {
  const endsAt = from + secondsOf(state, phase) * 1000;
  return { ...state, phase, endsAt, left: 0, isPaused: false };
}

// What runs has ended at this moment: what comes then.
function over(state, at) {
  if (state.phase === "hold") return countOne(state, at);
  if (state.phase === "rest") return isTimed(plan(state)) ? run(state, "get_ready", at) : ready(state);
  return run(state, "hold", at);
}

const ready = (state) => ({ ...state, ...atRest("ready") });

function countOne(state, at) {
  const counted = played(state).counted + 1;
  const after = withPlayed(state, { counted });
  if (counted >= total(plan(state))) return ready(after);
  if (counted % plan(state).repetitions === 0) return run(after, "rest", at);
  return isTimed(plan(state)) ? run(after, "let_go", at) : ready(after);
}

function withPlayed(state, change) {
  const changed = { ...played(state), ...change };
  return { ...state, played: state.played.map((one, at) => (at === state.at ? changed : one)) };
}
