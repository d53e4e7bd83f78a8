// Buttons with data-copy="id of an input" copy its value. They stay hidden where that cannot work.
for (const button of document.querySelectorAll("[data-copy]")) {
  const input = document.getElementById(button.dataset.copy);
  if (!navigator.clipboard || !input) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(input.value);
    button.textContent = "Copied";
  });
}
