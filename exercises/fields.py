"""Form fields for texts that are lists of lines."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from clinics.text import is_visible
from exercises.content import Statement, load_sources

MOST_LINES, LONGEST_LINE = 40, 500  # characters


def refuse_invisible(text: str) -> None:
    if text and not is_visible(text):
        raise ValidationError("This holds only characters that cannot be seen.", code="invisible")


class LinesField(forms.CharField):
    """A list of texts, written one per line; blank lines are left out."""

    def __init__(self, *, longest: int = LONGEST_LINE, rows: int = 4, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.Textarea(attrs={"rows": rows, "dir": "auto"}))
        super().__init__(**kwargs)
        self.longest = longest

    def prepare_value(self, value: object) -> object:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: object) -> Any:
        text = super().to_python(value) or ""
        return [" ".join(line.split()) for line in text.splitlines() if is_visible(line)]

    def has_changed(self, initial: object, data: object) -> bool:
        return self.to_python(self.prepare_value(initial)) != self.to_python(data)

    def validate(self, value: list[str]) -> None:
        super().validate(value)
        if len(value) > MOST_LINES:
            raise ValidationError(f"Write at most {MOST_LINES} lines; these are {len(value)}.")
        for number, line in enumerate(value, start=1):
            if len(line) > self.longest:
                raise ValidationError(
                    f"Line {number} is too long: {len(line)} characters of {self.longest}."
                )

    def run_validators(self, value: list[str]) -> None:
        for line in value:
            super().run_validators(line)


class StatementsField(LinesField):
    """Lines that may end with the keys of their sources, as in "Knee pain. [ADJ]"."""

    facts: Sequence[str] = ()

    def validate(self, value: list[str]) -> None:
        super().validate(value)
        known = {*load_sources(), *self.facts}
        for line in value:
            statement = Statement.parse(line)
            unknown = [key for key in (*statement.sources, *statement.facts) if key not in known]
            if unknown:
                raise ValidationError(f"There is no source {unknown[0]} in the catalogue.")
            if not statement.text:
                raise ValidationError(f"{line} names a source, and nothing that it says.")
