"""What a handout says, gathered from an edition. How it looks on paper is in handout.typ."""

from collections.abc import Collection, Sequence
from typing import Any

from django.template.loader import render_to_string
from django.utils.formats import date_format
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from clinics.models import Clinic
from clinics.qr import qr_code
from exercises.content import Statement
from exercises.figures import drawing
from exercises.figures.svg import LIGHT
from exercises.models import ExerciseEdition, Load
from exercises.translations import TranslatedText
from exercises.vocabulary import Side
from patients.redflags import ASKED_OF_PATIENTS, Urgency
from prescriptions import wording
from prescriptions.models import EVERY_DAY, PrescribedExercise, PrescriptionEdition

# With more times a day the boxes would be too many: the patient writes the number instead.
MOST_BOXES = 4
ACCENT = "#0a6660"
MOMENTS = ("start", "end")
DAY = "DATE_IN_A_SENTENCE_FORMAT"


def handout(
    edition: PrescriptionEdition,
    *,
    link: str,
    paused: Collection[int] = (),
    is_large: bool = False,
    has_grid: bool = True,
) -> dict[str, Any]:
    """All words and pictures of a handout as plain values, ready for JSON.

    `link` opens the portal's entrance; `paused` are the keys of lines that are not to be done now.
    The edition's lines with their texts, its patient and the clinic have to be loaded.
    """
    clinic = edition.patient.clinic
    return {
        "language": get_language(),
        "words": _words(clinic),
        "paper": clinic.paper,
        "large": is_large,
        "grid": has_grid,
        "clinic": clinic.name,
        "patient": edition.patient.name,
        "about": _about(edition),
        "link": link.partition("://")[2],
        "qr": {"svg": _qr_svg(link), "alt": _("QR code that opens %(link)s") % {"link": link}},
        "before": [
            {"title": title, "lines": text.splitlines()}
            for title, text in (
                (_("What to avoid"), edition.avoid),
                (_("If it gets worse"), edition.if_worse),
            )
            if text
        ],
        "stretches": [
            _stretch(number, line, is_paused=line.pk in paused)
            for number, line in enumerate(edition.lines.all(), start=1)
        ],
        "help": [_emergency(clinic), _call_today(clinic)],
        "rule": _(
            "Do only what your therapist prescribed. Stop if a stretch causes pain or if symptoms"
            " move down your arm or leg. In an emergency call %(number)s."
        )
        % {"number": clinic.emergency_number},
        "disclaimer": render_to_string("parts/disclaimer.html").strip(),
    }


def typed_text(edition: PrescriptionEdition) -> str:
    """What people have typed on the handout: names and notes, in any script."""
    lines = edition.lines.all()
    return " ".join(
        [
            edition.patient.name,
            edition.patient.clinic.name,
            edition.published_by_name,
            edition.avoid,
            edition.if_worse,
            *(line.exercise_edition.told.name for line in lines),
            *(step for line in lines for step in line.exercise_edition.told.steps),
            *(line.told_note for line in lines),
        ]
    )


def figure_svg(text: ExerciseEdition | TranslatedText, moment: str) -> str:
    """The drawn "start" or "end" of an exercise in its own colours; empty without a figure."""
    return drawing.still(text.figure, moment, palette=LIGHT)


def _about(edition: PrescriptionEdition) -> list[str]:
    said = [
        _("From %(day)s") % {"day": date_format(edition.starts_on, DAY)},
        _("by %(therapist)s") % {"therapist": edition.published_by_name},
    ]
    if edition.review_on:
        said.insert(1, _("review on %(day)s") % {"day": date_format(edition.review_on, DAY)})
    if any(line.exercise_edition.told.awaits_review for line in edition.lines.all()):
        said.append(_("the translation of the stretches awaits review by a clinician"))
    return said


def _words(clinic: Clinic) -> dict[str, str]:
    """What the paper itself says; numbers are put where braces stand."""
    return {
        "document": _("Home programme, %(clinic)s") % {"clinic": clinic.name},
        "title": _("Your home programme"),
        "page": _("Page {page} of {pages}"),
        "see": _("See it on your phone"),
        "point": _("Point the camera here."),
        "see_and_log": _("See and log it on your phone:"),
        "point_or_go": _("point the camera here, or go to"),
        "from_therapist": _("From your therapist:"),
        "stop_for": _("Stop for:"),
        "paused": _("Paused."),
        "why_paused": _("Do not do this stretch until your therapist has spoken with you."),
    }


def _stretch(number: int, line: PrescribedExercise, *, is_paused: bool) -> dict[str, Any]:
    text = line.exercise_edition.told
    load = text.primary_load
    return {
        "number": number,
        "name": text.name,
        "side": "" if line.side == Side.NONE else _(Side(line.side).label),
        "dosage": _dosage(line),
        "direction": _direction(load) if load else None,
        "note": line.told_note,
        "steps": _said(text.steps),
        "stop_for": _said(text.stop_for),
        "figures": [] if is_paused else _figures(text),
        "paused": is_paused,
        "days": [
            {"name": wording.day_name(day), "planned": day in line.weekdays} for day in EVERY_DAY
        ],
        "times": line.times_per_day,
        "counts": line.times_per_day > MOST_BOXES,
    }


def _dosage(line: PrescribedExercise) -> str:
    words = {
        "dosage": wording.dosage_in_words(line.dosage),
        "days": wording.days_in_words(line.weekdays),
    }
    return _("%(dosage)s, %(days)s") % words


def _direction(load: Load) -> dict[str, str]:
    arrow = {"direction": load.direction, "colour": ACCENT}
    return {
        "svg": render_to_string("parts/direction_arrow.svg", arrow),
        "words": wording.load_in_words(load),
    }


def _said(raws: Sequence[str]) -> list[str]:
    return [Statement.parse(raw).text for raw in raws]


def _figures(text: ExerciseEdition | TranslatedText) -> list[dict[str, str]]:
    drawn = {moment: figure_svg(text, moment) for moment in MOMENTS if moment in text.figure}
    return [
        {"svg": svg, "alt": f"{_moment(moment)}: {_described(text, moment)}"}
        for moment, svg in drawn.items()
        if svg
    ]


def _moment(moment: str) -> str:
    words = {"start": pgettext("of a movement", "Start"), "end": pgettext("of a movement", "End")}
    return words[moment]


def _described(text: ExerciseEdition | TranslatedText, moment: str) -> str:
    return str(text.figure[moment].get("description") or text.name)


def _qr_svg(link: str) -> str:
    code = qr_code(link)
    box = f"0 0 {code.size} {code.size}"
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}"><path d="{code.path}"/></svg>'


def _emergency(clinic: Clinic) -> dict[str, Any]:
    return {
        "title": _("Stop and get help now"),
        "text": _(
            "Do not do your stretches if you have one of these. Call %(number)s or go to the"
            " nearest emergency room. Do not wait for your therapist."
        )
        % {"number": clinic.emergency_number},
        "signs": _signs(Urgency.EMERGENCY),
        "is_emergency": True,
    }


def _call_today(clinic: Clinic) -> dict[str, Any]:
    text = _("Pause your stretches until someone has spoken with you.")
    number = f": {clinic.phone}" if clinic.phone else ""
    return {
        "title": _("Stop and call your clinic today"),
        "text": f"{text} {clinic.name}{number}",
        "signs": _signs(Urgency.TODAY),
        "is_emergency": False,
    }


def _signs(urgency: Urgency) -> list[str]:
    return [_(flag.for_patients) for flag in ASKED_OF_PATIENTS if flag.urgency is urgency]
