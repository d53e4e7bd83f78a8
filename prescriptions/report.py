"""The data of a printed progress report; report.typ sets it, and nothing in it is markup."""

from datetime import datetime
from typing import Any

from django.template.loader import render_to_string

from patients.models import Patient
from prescriptions.adherence import Count
from prescriptions.change_in_pain import SOURCE
from prescriptions.charts import Chart
from prescriptions.progress import Compared
from prescriptions.review import Review, long_day

# Pixels of the picture; on paper it takes the width of the page.
WIDTH, LABELS, END = 700, 116, 8


def report(review: Review, *, at: datetime, by_name: str) -> dict[str, Any]:
    """What the report says, in its order."""
    patient, told = review.patient, review.progress
    return {
        "paper": patient.clinic.paper,
        "clinic": patient.clinic.name,
        "patient": patient.name,
        "about": _about(patient),
        "period": review.period,
        "made": f"Printed on {long_day(patient.local_date(at))} by {by_name}.",
        "summary": told.done.summary,
        "counts": [[one.name, one.count.words, _left_out(one.count)] for one in told.counts],
        "changes": [
            {"subject": one.subject, "cells": _cells(one), "counts": one.change.is_flagged}
            for one in (*told.overall, *told.compared)
        ],
        "source": SOURCE,
        "hurting": [
            [
                one.name,
                f"{one.hurt} of {one.asked} times asked",
                str(one.no_pain),
                str(one.not_answered),
                _worst(one.worst),
            ]
            for one in told.hurting
        ],
        "charts": [_chart(chart) for chart in told.charts if chart.rows],
        "programme": review.since,
        "lines": list(review.lines),
        "paused": list(review.paused),
        "red_flag": review.has_red_flag,
        "marks": [[long_day(mark.day), mark.words] for mark in told.marks],
    }


def picture(chart: Chart) -> str:
    """The chart as SVG that stands alone."""
    context = {
        "chart": chart,
        "width": WIDTH,
        "labels": LABELS,
        "plot": WIDTH - LABELS - END,
        # The lowest words reach below the last row.
        "height": f"{float(chart.height) + END:.1f}",
    }
    return render_to_string("prescriptions/charts/paper.svg", context)


def _chart(chart: Chart) -> dict[str, Any]:
    return {
        "title": chart.title,
        "svg": picture(chart),
        "alt": f"{chart.title}: chart. {chart.summary}",
        "summary": chart.summary,
        "key": [
            [render_to_string("prescriptions/charts/paper_sign.svg", {"sign": sign}), word]
            for sign, word in chart.key
        ],
    }


def _about(patient: Patient) -> str:
    number = f", record {patient.record_number}" if patient.record_number else ""
    return f"born {long_day(patient.birth_date)}{number}"


def _cells(one: Compared) -> list[str]:
    found = one.change
    return [
        one.moment.value,
        found.first.words if found.first else "–",
        found.last.words if found.last else "–",
        found.difference or "–",
        found.words,
    ]


def _left_out(count: Count) -> str:
    return count.left_out_words or "–"


def _worst(worst: int | None) -> str:
    return "–" if worst is None else str(worst)
