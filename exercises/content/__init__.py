"""The documented catalogue: reads the files of exercises/catalogue/ into checked records.

A statement is plain text whose trailing brackets name what it rests on: source keys, marks, or
ids of facts, as in "Knee pain: hold behind the thighs. [ADJ]".
"""

from exercises.content.education import check_education, load_education, parse_education_page
from exercises.content.exercises import check_references, load_exercises, parse_exercise
from exercises.content.records import (
    DoseRange,
    DoseRow,
    EducationFact,
    EducationPage,
    EducationSection,
    ExerciseRecord,
    Fact,
    LoadRecord,
    Mark,
    Source,
    Standing,
    Statement,
    Strength,
)
from exercises.content.sources import load_sources, parse_sources
from exercises.content.tables import CatalogueError
from exercises.dosage import Dosage

__all__ = [
    "CatalogueError",
    "Dosage",
    "DoseRange",
    "DoseRow",
    "EducationFact",
    "EducationPage",
    "EducationSection",
    "ExerciseRecord",
    "Fact",
    "LoadRecord",
    "Mark",
    "Source",
    "Standing",
    "Statement",
    "Strength",
    "check_education",
    "check_references",
    "load_education",
    "load_exercises",
    "load_sources",
    "parse_education_page",
    "parse_exercise",
    "parse_sources",
]
