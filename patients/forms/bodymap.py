from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_lazy as _

from patients.bodymap import LOCAL, ZONES, zone


class BodyMapWidget(forms.CheckboxSelectMultiple):
    """One check box for each zone; templates/parts/bodymap.html lays them over the figure."""

    def __init__(self, *args: Any, layer: str = "pain", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.layer = layer

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(*args, **kwargs)
        place = zone(option["value"])
        option["place"] = f"{place.map.value}-{place.rank}"
        option["side"] = place.side.name.lower()
        # What lies beside the spine is seen from behind only.
        option["is_seen_from_the_front"] = place.rank >= LOCAL
        return option


class BodyMapField(forms.MultipleChoiceField):
    """Zones marked on the body map, as their codes in the order of the map.

    Its value is a list such as ["low-3-L", "low-4-L"]; nothing marked is an empty list. `layer` is
    "pain" or "numbness", which are drawn differently. Show it with parts/bodymap.html.
    """

    default_error_messages = {
        "invalid_choice": _("There is no such place on the map."),
        "invalid_list": _("There is no such place on the map."),
    }

    def __init__(self, *, layer: str = "pain", **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        kwargs.setdefault("widget", BodyMapWidget(layer=layer))
        choices = [(place.code, capfirst(gettext_lazy(place.label))) for place in ZONES]
        super().__init__(choices=choices, **kwargs)

    def clean(self, value: Any) -> list[str]:
        marked = set(super().clean(value))
        return [place.code for place in ZONES if place.code in marked]
