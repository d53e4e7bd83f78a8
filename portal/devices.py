"""What to call the phone or computer that a browser runs on."""

from clinics.marking import translatable

KINDS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", translatable("Android phone")),
    ("Windows", translatable("Windows computer")),
    ("Macintosh", "Mac"),
    ("CrOS", "Chromebook"),
    ("Linux", translatable("Linux computer")),
)


def device_label(user_agent: str) -> str:
    """A short name that a patient recognises in a list; what the browser says is not trusted."""
    return next((label for mark, label in KINDS if mark in user_agent), translatable("A browser"))
