"""Codes that people read and type: how they look, and what is kept of them."""

import secrets
import unicodedata

from django.utils.crypto import salted_hmac

# No I, L, O and U: nobody has to tell 1 from I or 0 from O. 8 of them are 40 bits.
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 8
GROUP = 4
_MEANT = str.maketrans("ILOU", "110V")
MAILED_DIGITS = 6


def printed_code(token: str) -> str:
    """The short code that stands beside a link: of each token another, and no way back to it."""
    number = int(keyed_hash("patients.printed_code", token), 16)
    return "".join(LETTERS[number >> (5 * place) & 31] for place in range(LENGTH))


def grouped(code: str) -> str:
    """As it is printed: K7QM-4T9X."""
    return "-".join(code[start : start + GROUP] for start in range(0, len(code), GROUP))


def hash_of_printed(code: str) -> str:
    """What is stored of a printed code."""
    return keyed_hash("patients.invitation.code", code)


def mailed_code() -> str:
    """Six random digits."""
    return f"{secrets.randbelow(10**MAILED_DIGITS):0{MAILED_DIGITS}}"


def as_meant(typed: str) -> str:
    """A typed code without spaces and hyphens, in capitals, its digits 0 to 9 in any script."""
    simple = unicodedata.normalize("NFKC", typed)
    kept = "".join(_plain(char) for char in simple if char.isalnum())
    return kept.upper().translate(_MEANT)


def keyed_hash(purpose: str, text: str) -> str:
    """What is stored of something short: without our secret key nobody can try all there are."""
    return salted_hmac(purpose, text, algorithm="sha256").hexdigest()


def _plain(char: str) -> str:
    return str(unicodedata.digit(char, char))
