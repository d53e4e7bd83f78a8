from django.dispatch import Signal

# A fact that checks rest on has changed: `patient`, `because` (in a few words), `by`, `at`.
# Sent inside the transaction of the act, so that what follows from it is stored with it.
facts_changed = Signal()
