// The key under which this session is stored once is made on the phone.
// A page shown again with errors keeps the key it has.
for (const form of document.querySelectorAll("form[data-log='new']")) {
  if (crypto.randomUUID) form.elements.client_uuid.value = crypto.randomUUID();
}
