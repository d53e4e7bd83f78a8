// The editor of a drawing: joints are dragged or turned by arrow keys, limbs keep their length.
// Poses are kept as bends in degrees; the server draws them and says which joint is wrong.
const SVG = "http://www.w3.org/2000/svg";
const SPINE = ["hip", "l5", "t12", "t6", "c7", "skull"];
const LIMBS = {
  leg: {joints: ["hip", "knee", "ankle"], tips: ["knee", "ankle", "toes"], fold: 1, lengths: ["thigh", "shank", "foot"]},
  arm: {joints: ["shoulder", "elbow", "wrist"], tips: ["elbow", "wrist", "fingers"], fold: -1, lengths: ["upper_arm", "forearm", "hand"]},
};
const NAMES = {l5: "pelvis", t12: "low back", t6: "mid-back", c7: "upper back", skull: "neck", crown: "head"};
const radians = (degrees) => (degrees * Math.PI) / 180;
const degrees = (angle) => (angle * 180) / Math.PI;
const clamp = (value, [least, most]) => Math.min(Math.max(value, least), most);
const near = (angle, middle) => ((((angle - middle + 180) % 360) + 360) % 360) - 180 + middle;
const up = ([x, y], turn, length) => [x + length * Math.sin(radians(turn)), y + length * Math.cos(radians(turn))];
const down = (from, turn, length) => up(from, turn, -length);

const editor = document.querySelector(".figure-editor");
if (editor) start(editor);

function start(editor) {
  const {figure: stored, ranges, lengths, exercise, desk: frame} = JSON.parse(editor.dataset.drawing);
  const field = editor.closest("form").elements.figure;
  const token = editor.closest("form").querySelector("[name=csrfmiddlewaretoken]").value;
  const figure = field.value && field.value !== "null" ? JSON.parse(field.value) : stored;
  const alt = editor.querySelector("#figure-alt");
  const status = editor.querySelector("[data-status]");
  const loop = editor.querySelector("[data-loop]");
  const pause = editor.querySelector("[data-pause]");
  const separate = editor.querySelector("[data-separate]");
  const desks = [...editor.querySelectorAll("[data-moment]")].map((element) => desk(element));
  let isPaused = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  let waiting = 0;
  let sent = 0;

  alt.value = figure.alt;
  separate.checked = "far_leg" in figure.start || "far_arm" in figure.start;
  editor.querySelector("[data-with-script]").hidden = false;
  editor.querySelector("[data-without-script]").hidden = true;

  // Where each joint is, how its segment is turned, and how to change that.
  function worked(pose) {
    const points = {hip: pose.at};
    const handles = [];
    const roots = {leg: {turn: pose.lean}, arm: {}};
    let turn = pose.lean;
    SPINE.forEach((joint, index) => {
      const from = points[joint];
      const below = turn;
      if (joint !== "hip") turn += pose.spine[joint];
      const end = SPINE[index + 1] ?? "crown";
      points[end] = up(from, turn, lengths[joint]);
      if (joint === "t6") roots.arm = {turn, at: down(points.c7, turn, lengths.shoulder)};
      handles.push({
        name: end, value: joint === "hip" ? turn : pose.spine[joint], range: joint === "hip" ? [-180, 180] : ranges[joint],
        toward: (angle) => (joint === "hip" ? near(angle, 0) : near(angle - below, 0)),
        set: (value) => (joint === "hip" ? (pose.lean = value) : (pose.spine[joint] = value)),
        turn: (to) => degrees(Math.atan2(to[0] - from[0], to[1] - from[1])),
      });
    });
    for (const side of separate.checked ? ["near", "far"] : ["near"]) {
      for (const kind of Object.keys(LIMBS)) {
        const {turn, at = pose.at} = roots[kind];
        limb(pose[`${side}_${kind}`], side, LIMBS[kind], at, turn, points, handles);
      }
    }
    return {points, handles};
  }

  function limb(bends, side, parts, root, trunk, points, handles) {
    let from = root;
    let turn = trunk;
    parts.joints.forEach((joint, index) => {
      const start = from;
      const above = turn;
      const way = index === 0 ? -1 : parts.fold;
      const isFoot = parts.tips[index] === "toes";
      turn += way * bends[joint];
      const seen = Math.cos(radians(bends.sideways[index] ?? 0));
      from = down(start, isFoot ? turn - 90 : turn, lengths[parts.lengths[index]] * seen);
      const name = `${side} ${parts.tips[index]}`;
      points[name] = from;
      const range = ranges[joint];
      handles.push({
        name, value: bends[joint], range,
        toward: (angle) => near(way * (angle - above), (range[0] + range[1]) / 2),
        set: (value) => (bends[joint] = value),
        turn: (to) => degrees(Math.atan2(start[0] - to[0], start[1] - to[1])) + (isFoot ? 90 : 0) + (seen < 0 ? 180 : 0),
      });
    });
  }

  function desk(element) {
    const picture = document.createElement("div");
    const handles = document.createElementNS(SVG, "svg");
    handles.setAttribute("viewBox", "0 0 300 200");
    handles.setAttribute("class", "handles");
    element.append(picture, handles);
    return {moment: element.dataset.moment, picture, handles, circles: new Map()};
  }

  const toPicture = ([x, y]) => [frame.x + frame.scale * x, frame.y - frame.scale * y];

  function toBody(desk, event) {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(desk.handles.getScreenCTM().inverse());
    return [(point.x - frame.x) / frame.scale, (frame.y - point.y) / frame.scale];
  }

  function place(desk) {
    const {points, handles} = worked(figure[desk.moment]);
    const wanted = [...handles.map((handle) => handle.name), "whole body"];
    for (const [name, circle] of desk.circles) if (!wanted.includes(name)) { circle.remove(); desk.circles.delete(name); }
    for (const name of wanted) {
      const circle = desk.circles.get(name) ?? handleFor(desk, name);
      const [x, y] = toPicture(points[name === "whole body" ? "hip" : name]);
      circle.setAttribute("cx", x);
      circle.setAttribute("cy", y);
      const handle = handles.find((one) => one.name === name);
      if (!handle) continue;
      circle.setAttribute("aria-valuenow", Math.round(handle.value));
      circle.setAttribute("aria-valuemin", handle.range[0]);
      circle.setAttribute("aria-valuemax", handle.range[1]);
    }
  }

  function handleFor(desk, name) {
    const circle = document.createElementNS(SVG, "circle");
    const isBody = name === "whole body";
    circle.setAttribute("r", isBody ? 6 : 4.5);
    circle.setAttribute("tabindex", "0");
    circle.setAttribute("role", isBody ? "button" : "slider");
    circle.setAttribute("aria-label", `${desk.moment}: ${NAMES[name] ?? name}`);
    circle.addEventListener("pointerdown", (event) => { circle.setPointerCapture(event.pointerId); circle.focus(); event.preventDefault(); });
    circle.addEventListener("pointermove", (event) => { if (circle.hasPointerCapture(event.pointerId)) drag(desk, name, toBody(desk, event)); });
    circle.addEventListener("keydown", (event) => press(desk, name, event));
    desk.handles.append(circle);
    desk.circles.set(name, circle);
    return circle;
  }

  function drag(desk, name, to) {
    const pose = figure[desk.moment];
    if (name === "whole body") pose.at = to.map((value) => clamp(value, [-160, 200]));
    else {
      const handle = worked(pose).handles.find((one) => one.name === name);
      handle.set(clamp(handle.toward(handle.turn(to)), handle.range));
    }
    changed();
  }

  function press(desk, name, event) {
    const [x, y] = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1]}[event.key] ?? [0, 0];
    if (!x && !y) return;
    event.preventDefault();
    const step = event.shiftKey ? 10 : 2;
    const pose = figure[desk.moment];
    if (name === "whole body") pose.at = [pose.at[0] + x * step, pose.at[1] + y * step];
    else {
      const handle = worked(pose).handles.find((one) => one.name === name);
      handle.set(clamp(handle.value + (x + y) * step, handle.range));
    }
    changed();
  }

  function changed() {
    figure.alt = alt.value;
    field.value = JSON.stringify(figure);
    desks.forEach(place);
    window.clearTimeout(waiting);
    waiting = window.setTimeout(show, 60);
  }

  async function show() {
    const number = ++sent;
    const body = new URLSearchParams({figure: JSON.stringify(figure), exercise: exercise ?? "", csrfmiddlewaretoken: token});
    let answer;
    try {
      const response = await fetch(editor.dataset.preview, {method: "POST", body});
      answer = await response.json();
    } catch {
      answer = {error: "The drawing cannot be shown just now. What you moved is kept on this page."};
    }
    if (number !== sent) return;
    status.textContent = answer.error ?? "";
    if (answer.error) return;
    for (const desk of desks) desk.picture.innerHTML = answer[desk.moment];
    const time = loop.querySelector("svg")?.getCurrentTime() ?? 0;
    loop.innerHTML = answer.loop;
    loop.querySelector("svg").setCurrentTime(time);
    playing();
  }

  function playing() {
    const svg = loop.querySelector("svg");
    if (isPaused) svg?.pauseAnimations();
    else svg?.unpauseAnimations();
    pause.textContent = isPaused ? "Play the movement" : "Pause the movement";
  }

  pause.addEventListener("click", () => { isPaused = !isPaused; playing(); });
  alt.addEventListener("input", changed);
  editor.querySelector("[data-copy-start]").addEventListener("click", () => { figure.end = structuredClone(figure.start); changed(); });
  separate.addEventListener("change", () => {
    for (const pose of [figure.start, figure.end]) {
      for (const kind of Object.keys(LIMBS)) {
        if (separate.checked) pose[`far_${kind}`] ??= structuredClone(pose[`near_${kind}`]);
        else delete pose[`far_${kind}`];
      }
    }
    changed();
  });
  for (const pose of [figure.start, figure.end]) {
    if (separate.checked) for (const kind of Object.keys(LIMBS)) pose[`far_${kind}`] ??= structuredClone(pose[`near_${kind}`]);
  }
  desks.forEach(place);
  show();
}
