"""What a password may not be, beyond Django's own rules. Nothing is asked of another site."""

import re
from typing import Any

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError

# What people put around a word to make it longer: Password2026!
AROUND = re.compile(r"^[\W\d_]+|[\W\d_]+$")


class CommonWordValidator(CommonPasswordValidator):
    """Refuse a common password with digits and signs around it, and one that only repeats."""

    def validate(self, password: str, user: Any = None) -> None:
        word = AROUND.sub("", password.lower())
        if word in self.passwords or _repeats(password.lower()):
            raise ValidationError(
                "This password is a common word made longer. Take several words that do not"
                " belong together.",
                code="password_too_common",
            )

    def get_help_text(self) -> str:
        return "Your password can’t be a common word with digits around it."


def _repeats(password: str) -> bool:
    """Whether it is one short piece, again and again: abcabcabcabc."""
    return re.fullmatch(r"(.{1,4}?)\1+.{0,3}", password) is not None
