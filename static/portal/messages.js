// What is in view is read: says so without the button, which stays where that fails.

const form = document.querySelector("[data-read]")

async function tell() {
  try {
    const body = new FormData(form)
    const answer = await fetch(form.action, { method: "POST", body, redirect: "manual" })
    if (answer.type !== "opaqueredirect") return
    for (const one of [form, ...document.querySelectorAll("[data-unread]")]) one.hidden = true
  } catch {
    // Without the network the button stays, and the next visit tells it.
  }
}

if (form) {
  const seen = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return
    seen.disconnect()
    tell()
  })
  seen.observe(document.getElementById("newest"))
}
