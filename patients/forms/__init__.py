"""Forms about patients: their record, and what is known of direction and safety."""

from patients.forms.bodymap import BodyMapField
from patients.forms.direction_tests import TestForm, WhichForm, to_begin_with, to_go_on_with
from patients.forms.episodes import BeginForm, EventForm, PhaseForm, PreferenceForm
from patients.forms.erasures import AskErasureForm, EraseForm
from patients.forms.records import NoteForm, PatientForm, SearchForm
from patients.forms.safety import ClearanceForm, ConditionForm, EndConditionForm, ScreenForm

__all__ = [
    "AskErasureForm",
    "BeginForm",
    "BodyMapField",
    "ClearanceForm",
    "ConditionForm",
    "EndConditionForm",
    "EraseForm",
    "EventForm",
    "NoteForm",
    "PatientForm",
    "PhaseForm",
    "PreferenceForm",
    "ScreenForm",
    "SearchForm",
    "TestForm",
    "WhichForm",
    "to_begin_with",
    "to_go_on_with",
]
