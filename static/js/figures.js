// Moving figures: <div data-moving> holds a still, the loop and a button that pauses it.
// Until this runs the still is shown; for readers who prefer reduced motion the loop waits.
const prefersStill = window.matchMedia("(prefers-reduced-motion: reduce)");

for (const moving of document.querySelectorAll("[data-moving]")) {
  const loop = moving.querySelector(".drawing-loop");
  const button = moving.querySelector("button");
  if (!loop || !button) continue;

  const play = (isPlaying) => {
    if (isPlaying) loop.unpauseAnimations();
    else loop.pauseAnimations();
    button.textContent = isPlaying ? button.dataset.playing : button.dataset.paused;
  };

  loop.setCurrentTime(0);
  play(!prefersStill.matches);
  prefersStill.addEventListener("change", () => play(!prefersStill.matches));
  button.addEventListener("click", () => play(loop.animationsPaused()));
  moving.classList.add("is-ready");
  button.hidden = false;
}
