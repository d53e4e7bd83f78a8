"""The documented catalogue: reads the files of exercises/catalogue/ into checked records.

A statement is plain text whose trailing brackets name what it rests on: source keys, marks, or
ids of facts, as in "Knee pain: hold behind the thighs. [ADJ]".
"""

from exercises.content.education import (
    check_education,
    load_education,
    parse_education_page,
    sections_of,
)
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
from exercises.content.translations import (
    ENGLISH,
    PatientWords,
    ToldPage,
    Translation,
    check_translation,
    education,
    load_translations,
    parse_page,
    parse_translation,
    stale_pages,
    standing_words,
)
from exercises.dosage import Dosage

__all__ = [
    "ENGLISH",
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
    "PatientWords",
    "Source",
    "Standing",
    "Statement",
    "Strength",
    "ToldPage",
    "Translation",
    "check_education",
    "check_references",
    "check_translation",
    "education",
    "load_education",
    "load_exercises",
    "load_sources",
    "load_translations",
    "parse_education_page",
    "parse_exercise",
    "parse_page",
    "parse_sources",
    "parse_translation",
    "sections_of",
    "stale_pages",
    "standing_words",
]
