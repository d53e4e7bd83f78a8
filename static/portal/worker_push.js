// The part of the service worker that shows reminders; it is taken in as it is, by importScripts
// or import. A message carries its own words, and its tag lets a repetition take the place of the
// first.
self.addEventListener("push", (event) => {
  const { title, body, tag, url } = event.data.json();
  event.waitUntil(self.registration.showNotification(title, { body, tag, data: { url } }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(bringToFront(new URL(event.notification.data.url, self.location.origin).href));
});

// The page that is open comes to the front; without one, it is opened.
async function bringToFront(url) {
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = pages.find((one) => one.url === url);
  return page ? page.focus() : self.clients.openWindow(url);
}
