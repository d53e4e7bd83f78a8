"""What somebody writes in a message, patient or staff."""

from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from clinics.forms import ParagraphsField
from clinics.pages import LONGEST_KEY
from prescriptions.models import LONGEST_MESSAGE

AGAIN = _("Please send it once more.")


class MessageForm(forms.Form):
    text = ParagraphsField(
        label=_("Your message"),
        max_length=LONGEST_MESSAGE,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Write something first.")},
    )
    # The key under which the message is stored once, however often it is sent.
    client_uuid = forms.UUIDField(error_messages=dict.fromkeys(("required", "invalid"), AGAIN))

    @property
    def key(self) -> UUID:
        """The key that was sent; another for one that cannot be read, which never could be."""
        sent: UUID | None = self.cleaned_data.get("client_uuid") if self.is_bound else None
        return sent or uuid4()


class ReadForm(forms.Form):
    """How far somebody has read: the key of the newest message that stood on the page."""

    up_to = forms.IntegerField(min_value=0, max_value=10**LONGEST_KEY - 1, widget=forms.HiddenInput)


def seen_up_to(data: QueryDict) -> int:
    """What a page says was the newest message on it; 0 when it says nothing that can be read."""
    form = ReadForm(data)
    found: Any = form.cleaned_data["up_to"] if form.is_valid() else 0
    return int(found)
