// Reads a chosen file into a text field of the page. The file itself is never sent.
// <p data-text-of-file="id of the field" hidden><input type="file"></p>

for (const chooser of document.querySelectorAll("[data-text-of-file]")) {
  const field = document.getElementById(chooser.dataset.textOfFile)
  chooser.hidden = false
  chooser.querySelector("input").addEventListener("change", async (event) => {
    const [file] = event.target.files
    if (file) field.value = await file.text()
  })
}
