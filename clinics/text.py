"""Text as people type it, and as it is compared."""

import unicodedata

# Control characters, marks of formatting and direction, halves of a character.
UNSEEN = {"Cc", "Cf", "Cs"}
# Unseen too, but Persian, Indic names and some emoji are spelt with them.
JOINERS = {"\u200c", "\u200d"}
# Letters and symbols without a shape.
BLANKS = {"\u115f", "\u1160", "\u2800", "\u3164", "\uffa0"}
# What a keyboard without the letter types instead; Unicode does not take these apart.
PLAIN_LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe", "ـ": None}
)


def folded(text: str) -> str:
    """The text for comparing and searching: no case, no accents, single spaces, any script."""
    bare = " ".join(text.split())
    # Twice: some characters only show their case once they are taken apart.
    for _ in range(2):
        bare = unicodedata.normalize("NFKD", bare.casefold())
    bare = "".join(
        char for char in bare if not unicodedata.combining(char) and not _is_unseen(char)
    )
    return " ".join(unicodedata.normalize("NFKC", bare.translate(PLAIN_LETTERS)).split())


def one_line(text: str) -> str:
    """A name or a number as typed, in one line, without what nobody can see."""
    kept = " ".join(text.split())
    kept = "".join(char for char in kept if char in JOINERS or not _is_unseen(char))
    return unicodedata.normalize("NFC", " ".join(kept.split()))


def paragraphs(text: str) -> str:
    """Several lines as typed, with plain line ends and without control characters."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(
        char for char in lines if char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cs"}
    )
    return unicodedata.normalize("NFC", kept).strip()


def is_visible(text: str) -> bool:
    """Whether a reader would see anything: a letter, a number, a sign."""
    return any(unicodedata.category(char)[0] in "LNPS" and char not in BLANKS for char in text)


def has_letters(text: str) -> bool:
    """Whether the text can be read out: at least one letter, of any script."""
    return any(char.isalpha() for char in one_line(text))


def _is_unseen(char: str) -> bool:
    return char in BLANKS or unicodedata.category(char) in UNSEEN
