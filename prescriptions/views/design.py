"""Every component in every state, for those who build and judge pages; no row of a patient."""

from datetime import timedelta

from django import forms
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from clinics.access import Can, StaffRequest, staff
from exercises.models import Exercise
from exercises.vocabulary import Direction, Region
from patients.compass import REGIONS, Compass, Latest, compass
from patients.forms import BodyMapField
from patients.lights import Light
from patients.models import Patient
from prescriptions.alerts import AlertRow
from prescriptions.charts import (
    Chart,
    Lane,
    Mark,
    MarkKind,
    Said,
    Series,
    Spark,
    Tally,
    TimeAxis,
    column_chart,
    line_chart,
    spark,
)
from prescriptions.checks import Verdict
from prescriptions.models import Alert, Tier

COLOURS = (
    "page",
    "surface",
    "sunken",
    "line",
    "edge",
    "ink",
    "soft",
    "accent",
    "accent-deep",
    "accent-tint",
    "ok",
    "ok-tint",
    "caution",
    "caution-tint",
    "danger",
    "danger-tint",
    "info",
    "info-tint",
    "focus",
)
SPACES = ("s1", "s2", "s3", "s4", "s5", "s6", "s7")
LONG_NAME = "Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh-Ramírez"
ARABIC_NAME = "عبد الرحمن بن محمد الأنصاري"
BUTTON_KINDS = ("", "btn-primary", "btn-quiet", "btn-danger")
STYLE_SHEETS = (
    "css/alerts.css",
    "css/bodymap.css",
    "css/charts.css",
    "css/direction.css",
    "css/exercises.css",
    "css/figures.css",
    "css/prescriptions.css",
    "css/design.css",
)
CHART_DAYS = 28
FINDINGS = {
    Verdict.ALLOWED: ("Nothing speaks against it.", ""),
    Verdict.CAUTION: (
        "Lumbar extension was tested amber on 4 May.",
        "Test the direction again, or say why you go on.",
    ),
    Verdict.BLOCKED: (
        "Lumbar flexion was tested red on 4 May: it moved symptoms down the leg.",
        "Choose another stretch, or record your reason.",
    ),
    Verdict.STOP: (
        "A red flag is open: numbness between the legs.",
        "Nothing is prescribed until the flag has been cleared.",
    ),
}


class SpecimenForm(forms.Form):
    """One field of each kind, and one of each state."""

    plain = forms.CharField(label="Name", required=False)
    helped = forms.CharField(label="Record number", help_text="As in the clinic’s own system.")
    wrong = forms.DateField(label="Born")
    locked = forms.CharField(label="Clinic", disabled=True, required=False, initial="Riverside")
    many_lines = forms.CharField(label="Note", required=False, widget=forms.Textarea)
    one_of_many = forms.ChoiceField(
        label="Therapist", choices=[("", "Anybody"), ("1", LONG_NAME), ("2", ARABIC_NAME)]
    )
    ticked = forms.BooleanField(label="Pauses on a red log", help_text="Your rule.")
    options = forms.ChoiceField(
        label="When",
        choices=[("am", "In the morning"), ("pm", "In the evening"), ("no", "Not at all")],
        widget=forms.RadioSelect,
    )
    several = forms.MultipleChoiceField(
        label="Needs",
        choices=[("mat", "Mat"), ("wall", "Wall"), ("chair", "Chair")],
        widget=forms.CheckboxSelectMultiple,
    )
    words = forms.ChoiceField(
        label="Range",
        choices=[("less", "Less"), ("same", "The same"), ("more", "More")],
        widget=forms.RadioSelect,
    )
    pain = forms.ChoiceField(
        label="Pain, from 0 to 10",
        choices=[*((str(number), str(number)) for number in range(11)), ("", "Skip")],
        widget=forms.RadioSelect,
        required=False,
    )
    number = forms.IntegerField(label="Repetitions", initial=10)
    day = forms.DateField(label="Starts on", widget=forms.DateInput(attrs={"type": "date"}))
    zones = BodyMapField(label="Where it hurts")
    numb = BodyMapField(label="Where it is numb", layer="numbness")


@require_safe
@staff(Can.VIEW)
def design(request: StaffRequest) -> HttpResponse:
    """The components of css/base.css and its neighbours, with sample data."""
    chosen = {
        "plain": LONG_NAME,
        "helped": "R-1024",
        "wrong": "31 February",
        "many_lines": ARABIC_NAME,
        "one_of_many": "1",
        "ticked": "on",
        "options": "am",
        "several": ["mat", "chair"],
        "words": "same",
        "pain": "4",
        "number": "10",
        "day": "2026-05-04",
        "zones": ["low-2-L", "low-3-L"],
        "numb": ["low-5-R"],
    }
    context = {
        "colours": COLOURS,
        "spaces": SPACES,
        "style_sheets": STYLE_SHEETS,
        "button_kinds": BUTTON_KINDS,
        "form": SpecimenForm(chosen),
        "directions": [*Direction],
        "notices": ("info", "success", "warning", "danger"),
        "lights": [*Light],
        "findings": [(verdict, *words) for verdict, words in FINDINGS.items()],
        "names": (LONG_NAME, ARABIC_NAME, "Zoë 李明"),
        "page": Paginator(range(120), 50).page(2),
        "alerts": _alerts(),
        "compass": _compass(),
        "exercise": Exercise.objects.shared().with_current().order_by("pk").first(),
        "charts": _charts(),
        "spark": _spark(),
    }
    return render(request, "prescriptions/design.html", context)


def _alerts() -> list[AlertRow]:
    """One alert of each tier, one of them opened, one taken back."""
    now = timezone.now()
    return [
        AlertRow(
            Alert(
                pk=0,
                tier=tier,
                patient=Patient(pk=0, name=(LONG_NAME, ARABIC_NAME)[tier % 2]),
                message="Symptoms spread below the knee after Flexion in Lying.",
                raised_at=now - timedelta(minutes=7 + 300 * tier),
                withdrawn_because="A slip of the thumb." if tier == Tier.URGENT else "",
            ),
            now,
        )
        for tier in Tier
    ]


def _compass() -> Compass:
    """A region in which every light is given."""
    today = timezone.localdate()
    lights = [Light.GREEN, Light.RED, Light.AMBER, Light.EXPECTED, Light.NO_EFFECT, Light.GREEN]
    directions = [
        Direction.EXTENSION,
        Direction.FLEXION,
        Direction.SIDE_GLIDE_LEFT,
        Direction.SIDE_GLIDE_RIGHT,
        Direction.ROTATION_LEFT,
        Direction.SIDE_BEND_LEFT,
    ]
    ages = [3, 3, 3, 3, 3, 400]
    latest = {
        (Region.LUMBAR, direction): Latest(
            light, today - timedelta(days=age), "During: decreased. After: better."
        )
        for light, direction, age in zip(lights, directions, ages, strict=True)
    }
    return compass(
        REGIONS[0],
        latest,
        today=today,
        valid_days=30,
        preference=(Region.LUMBAR, Direction.EXTENSION),
    )


def _axis() -> TimeAxis:
    return TimeAxis(timezone.localdate() - timedelta(days=CHART_DAYS - 1), CHART_DAYS)


def _charts() -> list[Chart]:
    axis = _axis()
    answered = [day for number, day in enumerate(axis.days) if number % 6 != 4]
    before = {day: Said((max(0, 7 - number // 4),)) for number, day in enumerate(answered)}
    after = {day: Said((max(0, 5 - number // 4),)) for number, day in enumerate(answered)}
    after[answered[2]] = Said((None,))
    pain = Lane(
        "Pain",
        (Series("Before", "ring", before), Series("After", "dot", after)),
        most=10,
        step=12,
        labels={0: "0", 5: "5", 10: "10"},
    )
    days = [Tally(done=2), Tally(done=1, part=1), Tally(done=1, refused=1), Tally(not_logged=2)]
    tallies = {day: days[number % len(days)] for number, day in enumerate(axis.days)}
    tallies[axis.last] = Tally(done=1, open=1, extra=1)
    marks = [
        Mark(MarkKind.EDITION, axis.days[3], "Edition 2"),
        Mark(MarkKind.TEST, axis.days[8], "Lumbar extension: green"),
        Mark(MarkKind.ALERT, axis.days[15], "Symptoms spread"),
    ]
    return [
        line_chart("pain", "Pain, from 0 to 10", axis=axis, lanes=[pain], marks=marks),
        column_chart(
            "done", "Done and planned", axis=axis, tallies=tallies, marks=[], summary="A sample."
        ),
    ]


def _spark() -> Spark:
    axis = _axis()
    values = {day: 8 - number // 4 for number, day in enumerate(axis.days)}
    return spark(axis=axis, values=values, most=10, what="Worst pain")
