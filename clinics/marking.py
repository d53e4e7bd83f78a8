"""Marks words for translation where nothing is translated yet. Plain Python.

Below the portal, words stay English: they are stored, compared and read by staff. What a patient
reads of them is marked here, and translated where a page shows it.
"""


def translatable(text: str) -> str:
    """The text itself; scripts/messages.py finds the words to translate by this name."""
    return text
