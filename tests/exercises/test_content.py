import re
from itertools import pairwise
from statistics import mean

import pytest

from exercises.content import (
    CatalogueError,
    DoseRange,
    LoadRecord,
    Mark,
    Standing,
    Statement,
    check_education,
    check_references,
    load_education,
    load_exercises,
    load_sources,
    parse_education_page,
    parse_exercise,
    parse_sources,
)
from exercises.content.sources import CATALOGUE
from exercises.dosage import Dosage
from exercises.vocabulary import Direction, Range, Region, Role, Side
from tests import make

EXERCISES = {record.code: record for record in make.catalogue_files()}
PAGES = {page.slug: page for page in load_education()}

# Every fact of the clinical source: where it belongs, and words that only this fact has.
SEED = {
    "G1": ("purpose_and_safety", "fascia"),
    "G2": ("purpose_and_safety", "preventing back pain"),
    "G3": ("purpose_and_safety", "no clear reason"),
    "G4": ("purpose_and_safety", "certain direction"),
    "G5": ("purpose_and_safety", "wrong way"),
    "G6": ("purpose_and_safety", "mechanical problem"),
    "E1": ("purpose_and_safety", "general good health"),
    "E2": ("purpose_and_safety", "ask a PT"),
    "W1": ("why_stretch", "four aims"),
    "W2": ("why_stretch", "any other joint"),
    "W3": ("why_stretch", "use it or lose it"),
    "W4": ("why_stretch", "cast"),
    "W5": ("why_stretch", "can stay short"),
    "W6": ("why_stretch", "no blood supply"),
    "W7": ("why_stretch", "sponge"),
    "W8": ("why_stretch", "keeps them healthiest"),
    "W9": ("why_stretch", "full movement"),
    "W10": ("why_stretch", "cannot reach a good posture"),
    "W11": ("why_stretch", "cut off"),
    "W12": ("why_stretch", "doughnut"),
    "W13": ("why_stretch", "Squeeze one side"),
    "W14": ("why_stretch", "strains the ring"),
    "W15": ("why_stretch", "crack"),
    "W16": ("why_stretch", "chosen directions"),
    "N1": ("if_we_never_stretch", "all day, every day"),
    "N2": ("if_we_never_stretch", "gravity wins"),
    "N3": ("if_we_never_stretch", "S-shape"),
    "N4": ("if_we_never_stretch", "peaks of the curves"),
    "N5": ("if_we_never_stretch", "slouch"),
    "N6": ("if_we_never_stretch", "move too much"),
    "F1": ("FIL", "feeling of tension"),
    "F2": ("FIL", "into pain"),
    "F3": ("FIL", "bounce"),
    "F4": ("FIL", "force"),
    "F5": ("FIL", "months"),
    "F6": ("FIL", "not done on its own"),
    "F7": ("FIL", "Most people should do Repeated Extension in Lying"),
    "R1": ("REIL", "no further than tension"),
    "R2": ("REIL", "hips on the floor"),
    "R3": ("REIL", "into pain"),
    "R4": ("REIL", "bounce"),
    "R5": ("REIL", "Do not force"),
    "R6": ("REIL", "one gentle curve"),
    "R7": ("REIL", "months of repeating"),
    "R8": ("REIL", "teeth"),
    "R9": ("REIL", "Holding the top"),
    "R10": ("REIL", "Be gentle"),
    "R11": ("REIL", "weeks will not undo it"),
    "U1": ("SUTE", "as far as tension"),
    "U2": ("SUTE", "into pain"),
    "U3": ("SUTE", "bounce"),
    "U4": ("SUTE", "force"),
    "U5": ("SUTE", "months of repeating"),
    "U6": ("SUTE", "ligaments that run down the front"),
    "U7": ("SUTE", "unloads the discs"),
    "U8": ("SUTE", "long sitting"),
    "D1": ("DOOR", "one of the seven"),
    "P1": ("PILLOW", "helps undo the forward curve"),
    "P2": ("PILLOW", "normal"),
    "P3": ("PILLOW", "Gravity"),
    "P4": ("PILLOW", "loads the discs"),
    "P5": ("PILLOW", "breathing"),
    "T1": ("TILT", "may be tight"),
    "T2": ("TILT", "Slide a hand"),
    "T3": ("TILT", "press down on that hand"),
    "T4": ("TILT", "hold your breath"),
    "T5": ("TILT", "dynamic"),
    "T6": ("TILT", "easiest"),
    "T7": ("TILT", "Once mastered"),
    "K1": ("KLF", "mildly stretches the muscles that extend the low back"),
    "K2": ("KLF", "Seven more parts"),
    "A1": ("anatomy", "Deep muscles"),
    "A2": ("anatomy", "Erector spinae"),
    "A3": ("anatomy", "Intermediate layer"),
}


def facts_of(place):
    holder = EXERCISES.get(place) or PAGES[place]
    return {fact.id: fact for fact in holder.facts}


def test_the_clinical_source_has_74_facts():
    sizes = {"G": 6, "E": 2, "W": 16, "N": 6, "F": 7, "R": 11, "U": 8, "D": 1}
    sizes |= {"P": 5, "T": 7, "K": 2, "A": 3}
    assert set(SEED) == {
        f"{letter}{number}" for letter, size in sizes.items() for number in range(1, size + 1)
    }
    assert len(SEED) == 74


@pytest.mark.parametrize("fact_id", SEED)
def test_each_fact_stands_where_it_belongs_and_nowhere_else(fact_id):
    place, words = SEED[fact_id]
    assert [each for each in (*EXERCISES, *PAGES) if fact_id in facts_of(each)] == [place]
    assert words in facts_of(place)[fact_id].text


def test_the_catalogue_holds_no_fact_that_the_source_does_not():
    assert {fact for place in (*EXERCISES, *PAGES) for fact in facts_of(place)} == set(SEED)


def test_each_other_part_that_kneeling_flexion_stretches_is_a_link_of_its_own():
    parts = facts_of("KLF")["K2"].parts
    assert [part.partition(": ")[2] for part in parts] == [
        "lumbodorsal fascia",
        "lower trapezius",
        "latissimus dorsi",
        "teres major",
        "gluteals",
        "some of the quadriceps",
        "ankle dorsiflexors",
    ]


# The seven stretches


@pytest.mark.parametrize(
    ("code", "mode", "loads"),
    [
        ("FIL", "repeated", {("lumbar", "flexion", "end", "primary")}),
        (
            "REIL",
            "repeated",
            {
                ("lumbar", "extension", "end", "primary"),
                ("thoracic", "extension", "mid", "secondary"),
            },
        ),
        ("SUTE", "repeated", {("thoracic_upper", "extension", "end", "primary")}),
        (
            "DOOR",
            "sustained",
            {
                ("shoulder", "none", "end", "primary"),
                ("thoracic", "extension", "mid", "secondary"),
            },
        ),
        ("PILLOW", "sustained", {("thoracic", "extension", "end", "primary")}),
        ("TILT", "dynamic", {("lumbar", "flexion", "mid", "primary")}),
        (
            "KLF",
            "sustained",
            {("lumbar", "flexion", "end", "primary"), ("thoracic", "flexion", "mid", "secondary")},
        ),
    ],
)
def test_each_stretch_loads_what_the_clinical_reference_says(code, mode, loads):
    record = EXERCISES[code]
    assert record.mode == mode
    assert {(x.region, x.direction, x.range, x.role) for x in record.loads} == loads


@pytest.mark.parametrize(
    ("code", "demands"),
    [
        ("FIL", {"supine", "hip_flexion_over_90", "floor_transfer"}),
        ("REIL", {"prone", "wrist_weight_bearing", "floor_transfer"}),
        ("SUTE", {"neck_extension_risk"}),
        ("DOOR", {"shoulder_abducted_external_rotation", "standing_balance"}),
        ("PILLOW", {"supine", "shoulder_overhead", "floor_transfer"}),
        ("TILT", {"supine", "wrist_weight_bearing"}),
        ("KLF", {"deep_kneeling", "hip_flexion_over_90", "shoulder_overhead", "floor_transfer"}),
    ],
)
def test_each_stretch_asks_of_the_body_what_the_clinical_reference_says(code, demands):
    assert set(EXERCISES[code].demands) == demands


@pytest.mark.parametrize(
    ("code", "dosage"),
    [
        ("FIL", Dosage(sets=1, repetitions=10, hold_seconds=1, times_per_day=2)),
        ("REIL", Dosage(sets=1, repetitions=10, hold_seconds=0, times_per_day=2)),
        ("SUTE", Dosage(sets=1, repetitions=10, hold_seconds=2, times_per_day=2)),
        ("DOOR", Dosage(sets=1, repetitions=3, hold_seconds=20, times_per_day=1)),
        ("PILLOW", Dosage(sets=1, repetitions=2, hold_seconds=30, times_per_day=1)),
        ("TILT", Dosage(sets=1, repetitions=10, hold_seconds=3, times_per_day=2)),
        ("KLF", Dosage(sets=1, repetitions=3, hold_seconds=20, times_per_day=1)),
    ],
)
def test_the_default_dosage_is_the_lower_bound_of_the_proposed_row(code, dosage):
    record = EXERCISES[code]
    [row] = [row for row in record.doses if row.use == "App default"]
    shown = (row.sets, row.repetitions, row.hold, row.times_per_day)
    least = [int(re.match(r"\d+", cell)[0]) for cell in shown]
    assert record.dosage == dosage == Dosage(*least)
    assert row.marks == (Mark.PROPOSED,)


STATED_ELSEWHERE = {
    ("REIL", "hold_seconds"): [2],  # the pause of 1–2 s, which is also its limit
    ("DOOR", "repetitions"): [4],  # “3–4 a day” may count repetitions or times
}


@pytest.mark.parametrize("record", EXERCISES.values(), ids=EXERCISES)
@pytest.mark.parametrize(
    ("part", "column"),
    [
        ("sets", "sets"),
        ("repetitions", "repetitions"),
        ("hold_seconds", "hold"),
        ("times_per_day", "times_per_day"),
    ],
)
def test_every_end_of_a_dose_range_is_a_number_that_some_dose_row_states(record, part, column):
    cells = [getattr(row, column) for row in record.doses]
    stated = set(STATED_ELSEWHERE.get((record.code, part), ()))
    if part == "hold_seconds" and {"", "none"} & set(cells):
        stated.add(0)
    for cell in cells:
        seconds = 60 if "min" in cell else 1
        stated |= {int(number) * seconds for number in re.findall(r"\d+", cell)}
    assert set(getattr(record.dose_range, part) or ()) <= stated


@pytest.mark.parametrize(
    ("code", "steps", "doses", "cautions", "stops"),
    [
        ("FIL", 7, 4, 7, 3),
        ("REIL", 7, 5, 6, 2),
        ("SUTE", 7, 4, 5, 4),
        ("DOOR", 6, 6, 3, 2),
        ("PILLOW", 7, 3, 5, 2),
        ("TILT", 6, 4, 3, 2),
        ("KLF", 6, 6, 6, 2),
    ],
)
def test_no_step_dose_caution_or_reason_to_stop_gets_lost(code, steps, doses, cautions, stops):
    record = EXERCISES[code]
    counted = (record.steps, record.doses, record.cautions, record.stop_for)
    assert tuple(len(each) for each in counted) == (steps, doses, cautions, stops)
    assert len(record.plain_cautions) == cautions


# What a plain sentence has to keep of the caution that it stands for.
KEPT = {
    "low bone density": "low bone density",
    "hip replacement": "hip replaced",
    "90 degrees": "90 degrees",
    "first trimester": "first three months",
    "pregnancy": "pregnant",
    "flexion tested": "bending forward",
    "extension tested": "backward",
    "red": "red",
    "green": "green",
    "two hours": "two hours",
    "knee": "knee",
    "stenosis": "narrow",
    "canal": "canal",
    "spondylolisthesis": "spondylolisthesis",
    "surgery": "surgery",
    "shoulder": "shoulder",
    "balance": "balance",
    "kyphosis": "kyphosis",
    "get up from the floor": "get up from the floor",
    "neck": "neck",
    "osteoporosis": "osteoporosis",
    "chest pain": "pain in your chest",
    "stop": "stop",
}


@pytest.mark.parametrize("record", EXERCISES.values(), ids=EXERCISES)
def test_each_plain_sentence_stands_for_its_caution_and_has_no_figures_of_a_study(record):
    for caution, plain in zip(record.cautions, record.plain_cautions, strict=True):
        said = [word for word in KEPT if re.search(rf"\b{word}", caution.lower())]
        assert all(KEPT[word] in plain.lower() for word in said), (caution, plain)
        assert "%" not in plain
        assert Statement.parse(plain) == Statement(plain)


def test_the_words_that_a_plain_sentence_keeps_are_all_asked_for():
    cautions = " ".join(caution for record in EXERCISES.values() for caution in record.cautions)
    assert all(word in cautions.lower() for word in KEPT)


def test_patients_read_the_plain_sentences_and_where_there_are_none_the_cautions():
    assert EXERCISES["FIL"].take_care == EXERCISES["FIL"].plain_cautions
    assert parsed(PRONE_LYING).take_care == ("Extension tested RED.",)


def test_repeated_extension_is_not_held_and_says_what_to_do_instead():
    press_up = EXERCISES["REIL"]
    assert press_up.max_hold_seconds == 2
    assert "Choose Prone on elbows to hold." in press_up.hold_message
    assert {code for code, record in EXERCISES.items() if record.max_hold_seconds is not None} == {
        "REIL"
    }


def test_flexion_in_lying_is_followed_by_press_ups_and_kneeling_flexion_only_offers_them():
    followed = {code: record for code, record in EXERCISES.items() if record.companion}
    assert {code: (r.companion, r.companion_optional) for code, r in followed.items()} == {
        "FIL": ("REIL", False),
        "KLF": ("REIL", True),
    }


def test_what_was_rebuilt_from_other_sources_says_so():
    rebuilt = {code for code, record in EXERCISES.items() if record.interpreted}
    assert rebuilt == {"SUTE", "DOOR", "KLF"}
    for code in rebuilt:
        assert Mark.INTERPRETED in Statement.parse(EXERCISES[code].interpreted).marks


@pytest.mark.parametrize("record", EXERCISES.values(), ids=EXERCISES)
def test_nothing_is_signed_before_a_therapist_has_reviewed_it(record):
    assert record.awaits_review
    assert record.review_due > record.reviewed_on


@pytest.mark.parametrize("record", EXERCISES.values(), ids=EXERCISES)
def test_search_words_carry_no_brackets(record):
    assert record.tissue_names
    assert not any("[" in name for name in record.tissue_names)


def grade(text):
    """US school grade by Flesch and Kincaid, with vowel groups for syllables."""
    sentences = [part for part in re.split(r"[.!?]+", text) if part.strip()]
    words = re.findall(r"[a-z']+", text.lower())
    syllables = sum(max(1, len(re.findall(r"[aeiouy]+", re.sub("e$", "", w)))) for w in words)
    return 0.39 * len(words) / len(sentences) + 11.8 * syllables / len(words) - 15.59


@pytest.mark.parametrize("record", EXERCISES.values(), ids=EXERCISES)
def test_what_a_patient_reads_of_an_exercise_is_at_grade_six(record):
    assert grade(" ".join(record.steps)) <= 6
    assert grade(record.direction_note) <= 6
    assert len(re.findall(r"[.!?](?:\s|$)", record.direction_note)) <= 2


@pytest.mark.parametrize("slug", PAGES)
def test_what_a_patient_reads_of_a_page_is_at_grade_six_on_average(slug):
    texts = [PAGES[slug].introduction, *(fact.text for fact in PAGES[slug].facts)]
    assert mean(grade(text) for text in texts) <= 6


# Education


STANDINGS = {
    Standing.SUPPORTED: "G4 G5 W2 W6 W7 W8",
    Standing.PARTLY: "G1 G2 W4 W13",
    Standing.CONTESTED: "W16 N6",
    Standing.PLAUSIBLE: "G3 G6 W5 W10 W14 W15",
    Standing.UNSOURCED: "N4",
    Standing.TEACHING_PICTURE: "W12",
    Standing.NOT_ASSESSED: "E1 E2 W1 W3 W9 W11 N1 N2 N3 N5 A1 A2 A3",
}


@pytest.mark.parametrize("standing", Standing)
def test_education_says_how_far_each_fact_is_backed(standing):
    facts = [fact for page in PAGES.values() for fact in page.facts]
    assert {fact.id for fact in facts if fact.standing is standing} == set(
        STANDINGS[standing].split()
    )


def test_the_sentence_that_is_cut_off_gets_no_invented_end():
    fact = facts_of("why_stretch")["W11"]
    assert fact.text.endswith("We do not know how it ends.")


def test_gravity_is_not_called_dangerous_to_patients():
    page = PAGES["if_we_never_stretch"]
    assert "danger" not in " ".join((page.introduction, *(fact.text for fact in page.facts)))


def test_the_questions_point_at_what_the_source_still_says():
    assert [section.see for section in PAGES["questions"].sections] == [
        ("G3", "G4", "G5", "G6"),
        ("G2",),
        ("G3", "G4", "G5", "G6", "E2"),
    ]


def test_the_name_with_two_meanings_is_left_open():
    [section] = [s for s in PAGES["anatomy"].sections if s.heading == "Intermediate layer"]
    first, second = section.notes
    assert "erector spinae" in first
    assert "serratus posterior" in second


def test_pages_come_in_the_order_they_are_read():
    assert list(PAGES) == [
        "purpose_and_safety",
        "why_stretch",
        "if_we_never_stretch",
        "questions",
        "anatomy",
    ]


# Sources and statements


def test_every_source_is_used_and_every_used_source_exists():
    used = {key for holder in (*EXERCISES.values(), *PAGES.values()) for key in holder.source_keys}
    assert used == set(load_sources())


def test_every_source_has_an_address_on_the_web():
    assert all(re.match(r"https?://\S+$", each.address) for each in load_sources().values())


@pytest.mark.parametrize("path", sorted(CATALOGUE.rglob("*.toml")), ids=lambda path: path.stem)
def test_no_text_uses_the_name_of_a_branded_method(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    said = [line for line in lines if not line.startswith(("address =", "note ="))]
    assert not re.search(r"McKenzie|\bMDT\b|Mechanical Diagnosis", "\n".join(said))


@pytest.mark.parametrize(
    ("raw", "statement"),
    [
        pytest.param("Bend.", Statement("Bend."), id="nothing behind it"),
        pytest.param("Bend. [ADJ]", Statement("Bend.", ("ADJ",)), id="a source"),
        pytest.param("Bend. [164-312]", Statement("Bend.", ("164-312",)), id="digits and a dash"),
        pytest.param(
            "Chin advice … [MLH] [UNSOURCED] [U6]",
            Statement("Chin advice …", ("MLH",), (Mark.UNSOURCED,), ("U6",)),
            id="a source, a mark and a fact",
        ),
        pytest.param(
            "Bend [a little]", Statement("Bend [a little]"), id="brackets that are no key"
        ),
        pytest.param("Bend]", Statement("Bend]"), id="a stray bracket"),
        pytest.param("[ADJ]", Statement("", ("ADJ",)), id="only a source"),
        pytest.param("", Statement(""), id="nothing"),
    ],
)
def test_a_statement_is_text_and_what_it_rests_on(raw, statement):
    assert Statement.parse(raw) == statement


def test_a_dose_range_names_the_parts_that_lie_outside():
    dose_range = DoseRange(repetitions=(5, 15), hold_seconds=(0, 2))
    assert dose_range.outside(Dosage(99, 5, 2, 24)) == ()
    assert dose_range.outside(Dosage(1, 4, 3, 1)) == ("repetitions", "hold_seconds")


# The fingerprint


def test_the_layout_of_a_file_does_not_change_the_fingerprint():
    laid_out = "# A remark\n" + PRONE_LYING.replace("steps = [", "steps = [\n    ")
    assert parsed(laid_out).fingerprint == parsed(PRONE_LYING).fingerprint


@pytest.mark.parametrize("record", EXERCISES.values(), ids=EXERCISES)
def test_reading_again_gives_the_same_fingerprint(record):
    [again] = [each for each in load_exercises() if each.code == record.code]
    assert again.fingerprint == record.fingerprint
    assert len(again.fingerprint) == 64


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Lie on your front.", "Lie on your belly."),
        ('range = "mid"', 'range = "end"'),
        ("repetitions = 1", "repetitions = 2"),
        ('reviewer = ""', 'reviewer = "A. Therapist"'),
    ],
)
def test_a_changed_word_changes_the_fingerprint(old, new):
    assert parsed(changed(old, new)).fingerprint != parsed(PRONE_LYING).fingerprint


# What the format can hold


PRONE_LYING = """
code = "PL"
name = "Prone lying"
summary = "You lie on your front."
direction_note = "This bends your low back backward a little."
mode = "sustained"
start_position = "prone"
start_position_note = "Face down."
equipment = ["mat"]
demands = ["prone"]
background = ["It is the first step. [BD-PL]"]
steps = ["Lie on your front.", "Stay there."]
cautions = ["Extension tested RED."]
should_feel = ["Rest."]
stop_for = ["Pain. [BD-PL] [L1]"]
reviewed_on = 2026-11-22
review_due = 2027-11-22
reviewer = ""
licence = "Our own words."

[[loads]]
region = "lumbar"
direction = "extension"
range = "mid"
role = "primary"

[facts]
L1 = "Stop at pain."

[[doses]]
use = "Held"
hold = "5–10 min"
sources = ["BD-PL"]

[dosage]
sets = 1
repetitions = 1
hold_seconds = 300
times_per_day = 1

[dose_range]
hold_seconds = [300, 600]
"""


def parsed(text):
    return parse_exercise(text, "x.toml")


def changed(old, new, text=PRONE_LYING):
    assert text.count(old) == 1
    return text.replace(old, new)


def variant(code, *, loads, extra="", mode="sustained"):
    """An exercise file like the one above, with other loads and further fields."""
    text = changed('code = "PL"', f'code = "{code}"\n{extra}')
    text = changed('mode = "sustained"', f'mode = "{mode}"', text)
    tables = "".join(
        f'[[loads]]\nregion = "{region}"\ndirection = "{direction}"\n'
        f'range = "{reach}"\nrole = "{role}"\n'
        for region, direction, reach, role in loads
    )
    before, _, after = text.partition("[[loads]]")
    return before + tables + after[after.index("[facts]") :]


def pair(code, directions, region="lumbar", extra=""):
    """The left and the right of an exercise, by file name."""
    return {
        f"{code}-{side}.toml": parsed(
            variant(
                f"{code}-{side[0].upper()}",
                loads=[(region, direction, "end", "primary")],
                extra=f'side = "{side}"\npair = "{code}-{other}"\n{extra}',
            )
        )
        for side, other, direction in zip(("left", "right"), "RL", directions, strict=True)
    }


def test_a_side_glide_is_a_pair_of_which_one_side_only_is_done():
    records = pair("SGIS", ("side_glide_left", "side_glide_right"), extra="one_side_only = true")
    check_references(records)
    left, right = records.values()
    assert (left.side, right.side) == (Side.LEFT, Side.RIGHT)
    assert left.one_side_only
    assert right.one_side_only


def test_one_exercise_may_go_in_two_directions():
    cat_camel = parsed(
        variant(
            "CC",
            mode="dynamic",
            loads=[
                ("lumbar", "flexion", "mid", "primary"),
                ("lumbar", "extension", "mid", "primary"),
            ],
        )
    )
    assert cat_camel.loads == (
        LoadRecord(Region.LUMBAR, Direction.FLEXION, Range.MID, Role.PRIMARY),
        LoadRecord(Region.LUMBAR, Direction.EXTENSION, Range.MID, Role.PRIMARY),
    )
    assert not cat_camel.pair


def test_a_hip_stretch_is_a_pair_that_loads_no_spine():
    records = pair("HF", ("none", "none"), region="hip")
    check_references(records)
    assert {load.direction for each in records.values() for load in each.loads} == {Direction.NONE}


EXTENSION = [("lumbar", "extension", "end", "primary")]
NOT_HELD = 'max_hold_seconds = 2\nhold_message = "Not held."\nheld_version = "POE"'


def press_up():
    text = variant("REIL", mode="repeated", loads=EXTENSION, extra=NOT_HELD)
    text = changed("hold_seconds = 300", "hold_seconds = 0", text)
    return parsed(changed("hold_seconds = [300, 600]", "hold_seconds = [0, 2]", text))


def test_what_is_not_held_may_name_its_held_twin():
    records = {"reil.toml": press_up(), "poe.toml": parsed(variant("POE", loads=EXTENSION))}
    check_references(records)
    assert records["reil.toml"].held_version == "POE"


def test_exercises_form_a_chain_from_easy_to_hard():
    chain = ["PL", "POE", "REIL", "EIS"]
    steps = dict(pairwise(chain))
    records = {
        f"{code}.toml": parsed(
            variant(
                code,
                loads=EXTENSION,
                extra=f'progresses_to = ["{steps[code]}"]' if code in steps else "",
            )
        )
        for code in chain
    }
    check_references(records)
    assert records["POE.toml"].progresses_to == ("REIL",)


# What is wrong with a file


@pytest.mark.parametrize(
    ("old", "new", "field", "problem"),
    [
        pytest.param('name = "Prone lying"\n', "", "name", "is missing", id="missing field"),
        pytest.param(
            'licence = "', 'license = "', "licence", "is missing", id="misspelt required field"
        ),
        pytest.param(
            "equipment =", "equipmant =", "equipmant", "is not a field", id="unknown field"
        ),
        pytest.param(
            "[facts]", 'angle = "x"\n[facts]', "loads[1].angle", "is not a field", id="in a table"
        ),
        pytest.param('"prone"\nstart', '"flat"\nstart', "start_position", "'flat'", id="position"),
        pytest.param('["mat"]', '["sofa"]', "equipment", "'sofa' is not one of", id="equipment"),
        pytest.param('["prone"]', '["brave"]', "demands", "'brave'", id="demand"),
        pytest.param('"extension"', '"up"', "loads[1].direction", "'up'", id="direction"),
        pytest.param('["mat"]', '["mat", "mat"]', "equipment", "twice", id="said twice"),
        pytest.param('["mat"]', "[]", "equipment", "is empty", id="empty list"),
        pytest.param('["mat"]', "[1]", "equipment", "1 is not a text", id="a number in a list"),
        pytest.param('["mat"]', '"mat"', "equipment", "is not a list", id="not a list"),
        pytest.param('"Face down."', '" "', "start_position_note", "is empty", id="blank"),
        pytest.param('"Face down."', "true", "start_position_note", "not a text", id="not a text"),
        pytest.param("2026-11-22", '"soon"', "reviewed_on", "not a day", id="not a day"),
        pytest.param("2027-11-22", "2026-11-22", "review_due", "not after", id="due at once"),
        pytest.param('"PL"', '"P L"', "code", "is not a code", id="code"),
        pytest.param(
            "first step. [BD-PL]",
            "first step. [NOWHERE]",
            "background",
            "there is no source or fact NOWHERE",
            id="unknown source",
        ),
        pytest.param(
            'sources = ["BD-PL"]',
            'sources = ["NOWHERE"]',
            "doses[1].sources",
            "NOWHERE",
            id="unknown source of a dose row",
        ),
        pytest.param('sources = ["BD-PL"]', "", "doses[1].sources", "is missing", id="no source"),
        pytest.param("[L1]", "[L2]", "stop_for", "there is no source or fact L2", id="fact"),
        pytest.param(
            "It is the first", "It [BD-PL] is the first", "background", "brackets", id="in between"
        ),
        pytest.param("L1 =", "one =", "facts.one", "is not a fact id", id="fact id"),
        pytest.param(
            '"primary"', '"secondary"', "loads", "none of them is primary", id="no primary load"
        ),
        pytest.param(
            '"lumbar"', '"hip"', "loads[1].direction", "does not fit hip", id="hip with direction"
        ),
        pytest.param(
            '"extension"', '"none"', "loads[1].direction", "does not fit lumbar", id="spine without"
        ),
        pytest.param(
            '"extension"', '"side_glide_left"', "side", "is missing", id="sided without a side"
        ),
        pytest.param('"PL"', '"PL"\none_side_only = true', "one_side_only", "pair", id="one side"),
        pytest.param(
            '"PL"', '"PL"\none_side_only = 1', "one_side_only", "not true or false", id="not a flag"
        ),
        pytest.param('"PL"', '"PL"\nside = "left"', "pair", "goes with side", id="left, no right"),
        pytest.param('"PL"', '"PL"\npair = "PR"', "pair", "goes with side", id="pair, no side"),
        pytest.param(
            '"PL"', '"PL"\ncompanion_optional = true', "companion_optional", "needs", id="offered"
        ),
        pytest.param(
            "hold_seconds = 300",
            "hold_seconds = 299",
            "dosage.hold_seconds",
            "dose_range",
            id="low",
        ),
        pytest.param(
            "hold_seconds = 300",
            "hold_seconds = 601",
            "dosage.hold_seconds",
            "dose_range",
            id="high",
        ),
        pytest.param("sets = 1", "sets = 0", "dosage.sets", "0 is not from", id="no sets"),
        pytest.param(
            "sets = 1", "sets = true", "dosage.sets", "not a whole number", id="true sets"
        ),
        pytest.param("[300, 600]", "[600, 300]", "dose_range.hold_seconds", "pair", id="turned"),
        pytest.param("[300, 600]", "[300]", "dose_range.hold_seconds", "pair", id="half a range"),
        pytest.param(
            '"PL"', '"PL"\nmax_hold_seconds = 600', "hold_message", "is missing", id="limit, no why"
        ),
        pytest.param(
            '"PL"', '"PL"\nhold_message = "x"', "hold_message", "needs", id="why without a limit"
        ),
        pytest.param(
            '"PL"',
            '"PL"\nmax_hold_seconds = 2\nhold_message = "x"',
            "dosage.hold_seconds",
            "is longer than max_hold_seconds, 2",
            id="default above the hold limit",
        ),
        pytest.param(
            '"PL"',
            '"PL"\nmax_hold_seconds = 300\nhold_message = "x"',
            "dose_range.hold_seconds",
            "goes past max_hold_seconds, 300",
            id="range above the hold limit",
        ),
        pytest.param(
            'should_feel = ["Rest."]',
            'should_feel = ["Rest."]\nplain_cautions = ["One.", "Two."]',
            "plain_cautions",
            "is not 1 lines, as cautions is",
            id="two plain sentences for one caution",
        ),
        pytest.param(
            'should_feel = ["Rest."]',
            'should_feel = ["Rest."]\nplain_cautions = ["One. [BD-PL]"]',
            "plain_cautions",
            "there is no source or fact BD-PL",
            id="a source in a plain sentence",
        ),
        pytest.param("[[loads]]", "[loads]", "loads", "is not a list", id="one table"),
        pytest.param("[dosage]", "[dosage", "file", "is not TOML", id="broken file"),
    ],
)
def test_a_wrong_file_names_itself_the_field_and_the_problem(old, new, field, problem):
    with pytest.raises(CatalogueError) as caught:
        parsed(changed(old, new))
    assert caught.value.origin == "x.toml"
    assert caught.value.field == field
    assert problem in caught.value.problem
    assert str(caught.value) == f"x.toml: {field}: {caught.value.problem}"


def test_the_same_movement_cannot_stand_twice():
    twice = [("lumbar", "extension", "mid", "primary"), ("lumbar", "extension", "end", "secondary")]
    with pytest.raises(CatalogueError, match="loads: the same region and direction stand twice"):
        parsed(variant("PL", loads=twice))


DOOR = (CATALOGUE / "doorway_stretch.toml").read_text(encoding="utf-8")
KNEEL = (CATALOGUE / "kneeling_lumbar_flexion.toml").read_text(encoding="utf-8")
TILT = (CATALOGUE / "pelvic_tilt.toml").read_text(encoding="utf-8")
LYING = "at = [0, 11]\nlean = -79"
TRUNK = "lean = 76\nspine = { l5 = 4, t12 = 2, t6 = 4, c7 = -2, skull = -6 }"
STOOL = 'name = "stool"\nat = [14, -3]'
LEVEL = 'like = "nothing"\ndescription = "On hands and knees, low back level."'
LAST = 'list = "harder"\nline = 2'


@pytest.mark.parametrize(
    ("text", "old", "new", "field", "problem"),
    [
        pytest.param(TILT, LYING, "lean = -79", "start.at", "is missing", id="nowhere"),
        pytest.param(TILT, LYING, "at = [0]", "start.at", "not 2 numbers", id="no height"),
        pytest.param(TILT, LYING, "at = [0, true]", "start.at", "not 2 numbers", id="no number"),
        pytest.param(
            TILT, LYING, f'{LYING}\nanchor = "nose"', "start.anchor", "'nose'", id="anchor"
        ),
        pytest.param(
            TILT, LYING, "at = [0, 90]", "start.near_knee", "cannot reach that far", id="far away"
        ),
        pytest.param(
            KNEEL, TRUNK, "spine = { t12 = 90 }", "start.t12", "bends 90°; it can go", id="broken"
        ),
        pytest.param(
            KNEEL, TRUNK, "spine = { l9 = 1 }", "start.spine.l9", "is not a field", id="no joint"
        ),
        pytest.param(TILT, STOOL, 'name = "swing"', "stages[2].props[2].at", "is missing", id="at"),
        pytest.param(
            TILT, STOOL, STOOL.replace("stool", "swing"), "stages[2].props[2].name", "'swing'",
            id="prop",
        ),
        pytest.param(
            TILT, LAST, LAST.replace("2", "3"), "stages[4].line", "not from 1 to 2", id="line"
        ),
        pytest.param(
            TILT, LEVEL, LEVEL.replace("nothing", "middle"), "stages[4].start.like",
            "no pose 'middle'", id="like",
        ),
        pytest.param(
            TILT, "window = [-36, -6, 52]", 'window = [-36, -6, 52]\ncorner = "top"',
            "marks[2].corner", "'top' is not left or right", id="corner",
        ),
        pytest.param(
            TILT, LAST, LAST.replace("harder", "other"), "stages[4].list", "'other'", id="list"
        ),
        pytest.param(
            KNEEL, 'kind = "arrow"\ntext = "The hips', 'kind = "star"\ntext = "The hips',
            "marks[1].kind", "'star'", id="mark",
        ),
        pytest.param(
            DOOR, "left_arm = { shoulder = 8,", "left_arm = { shoulder = 188,",
            "stages[1].marks[2].left_arm.shoulder", "it can go from 0° to 180°", id="front",
        ),
    ],
)  # fmt: skip
def test_a_wrong_figure_names_the_field_and_the_problem(text, old, new, field, problem):
    with pytest.raises(CatalogueError) as caught:
        parsed(changed(old, new, text))
    assert caught.value.field == f"figure.{field}"
    assert problem in caught.value.problem


def test_a_movement_that_cannot_be_done_is_refused_with_the_joint():
    # Both ends reach their point; on the way the body is too far from it.
    text = changed(
        'alt = "Person kneels, sits back on the heels and reaches both arms forward with the head '
        'down."',
        'alt = "x"',
        KNEEL,
    ).split("[[figure.stages]]")[0]
    start, end = text.index("[figure.start]"), text.index("[[figure.props]]")
    poses = """
[figure.start]
description = "Standing."
at = [0, 88]
near_leg = { ankle_at = [0, 7] }

[figure.end]
description = "Standing, further on and lower."
at = [0, 88]
near_leg = { ankle_at = [0, 169] }
"""
    with pytest.raises(CatalogueError) as caught:
        parsed(text[:start] + poses + text[end:])
    assert caught.value.field.startswith("figure.end.near_")


def test_a_file_that_names_an_unknown_companion_is_refused_with_its_name(tmp_path):
    for path in CATALOGUE.glob("*.toml"):
        text = path.read_text(encoding="utf-8").replace('companion = "REIL"', 'companion = "RIEL"')
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueError) as caught:
        load_exercises(tmp_path)
    assert str(caught.value) == "flexion_in_lying.toml: companion: there is no exercise RIEL"


@pytest.mark.parametrize(
    ("extra", "field", "problem"),
    [
        ('companion = "NONE"', "companion", "there is no exercise NONE"),
        ('companion = "PL"', "companion", "names the exercise itself"),
        ('held_version = "NONE"', "held_version", "there is no exercise NONE"),
        ('held_version = "REIL"', "held_version", "REIL is not held"),
        ('progresses_to = ["POE", "NONE"]', "progresses_to", "there is no exercise NONE"),
        ('progresses_to = ["PL"]', "progresses_to", "names the exercise itself"),
    ],
)
def test_what_an_exercise_says_of_others_must_be_so(extra, field, problem):
    records = {
        "pl.toml": parsed(variant("PL", loads=EXTENSION, extra=extra)),
        "poe.toml": parsed(variant("POE", loads=EXTENSION)),
        "reil.toml": press_up(),
    }
    with pytest.raises(CatalogueError) as caught:
        check_references(records)
    assert str(caught.value) == f"pl.toml: {field}: {problem}"


def test_the_right_side_must_go_the_other_way():
    records = pair("SGIS", ("side_glide_left", "side_glide_left"))
    with pytest.raises(CatalogueError, match="pair: its loads do not mirror those of SGIS-R"):
        check_references(records)


def test_a_pair_names_each_other():
    records = pair("SGIS", ("side_glide_left", "side_glide_right"))
    third = parsed(
        variant(
            "HF-L",
            loads=[("hip", "none", "end", "primary")],
            extra='side = "left"\npair = "SGIS-R"',
        )
    )
    with pytest.raises(CatalogueError, match="pair: SGIS-R is not the other side of it"):
        check_references({**records, "hf.toml": third})


def test_two_files_cannot_have_one_code():
    record = parsed(PRONE_LYING)
    with pytest.raises(CatalogueError, match=r"b\.toml: code: PL is in another file too"):
        check_references({"a.toml": record, "b.toml": record})


def test_a_chain_cannot_go_in_a_circle():
    records = {
        f"{code}.toml": parsed(variant(code, loads=EXTENSION, extra=f'progresses_to = ["{other}"]'))
        for code, other in (("PL", "POE"), ("POE", "PL"))
    }
    with pytest.raises(CatalogueError, match="progresses_to: goes in a circle"):
        check_references(records)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('[ADJ]\nstrength = "D"\naddress = "https://example.org"', "ADJ.strength"),
        ('[ADJ]\nstrength = "C"', "ADJ.address"),
        ('[ADJ]\nstrength = "C"\naddress = "https://example.org"\nyear = 1999', "ADJ.year"),
        ('[adj]\nstrength = "C"\naddress = "https://example.org"', "adj"),
        ('[SEED]\nstrength = "C"\naddress = "https://example.org"', "SEED"),
        ('[G1]\nstrength = "C"\naddress = "https://example.org"', "G1"),
        ("ADJ = 1", "ADJ"),
    ],
)
def test_a_wrong_source_names_the_field(text, field):
    with pytest.raises(CatalogueError) as caught:
        parse_sources(text, "sources.toml")
    assert caught.value.field == field


PAGE = """
order = 1
title = "Why"
introduction = "What your clinic's source teaches."
reviewed_on = 2026-11-22
review_due = 2027-11-22
reviewer = ""
licence = "Our own words."

[[sections]]
heading = "One"
see = ["X2"]

[[sections.facts]]
id = "X1"
text = "The back bends."
standing = "plausible"
evidence = "It does. [ADJ]"

[[sections.facts]]
id = "X2"
text = "It turns, too."
standing = "not_assessed"
"""


def test_a_page_is_read_with_its_facts_in_order():
    page = parse_education_page(PAGE, "why.toml")
    check_education({"why.toml": page})
    assert page.slug == "why"
    assert [fact.id for fact in page.facts] == ["X1", "X2"]
    assert page.source_keys == ("ADJ",)


def test_patients_read_the_plain_words_of_a_page_and_where_there_are_none_the_text():
    text = changed('text = "It turns, too."', 'text = "It rotates."\nplain = "It turns."', PAGE)
    text = changed('heading = "One"', 'heading = "One"\ntext = "Exact."\nplain = "Plain."', text)
    page = parse_education_page(f'therapist_notes = ["For us."]\n{text}', "why.toml")
    told = page.for_patients
    assert [fact.text for fact in page.facts] == ["The back bends.", "It rotates."]
    assert [fact.text for fact in told.facts] == ["The back bends.", "It turns."]
    assert (page.sections[0].text, told.sections[0].text) == ("Exact.", "Plain.")
    assert told.therapist_notes == ()
    assert told.for_patients == told


def test_the_facts_that_have_plain_words():
    plain = {fact.id for page in PAGES.values() for fact in page.facts if fact.plain}
    assert plain == {"E1", "G1", "G4", "G6", "N4", "W1", "W8", "W16"}
    sections = [section for page in PAGES.values() for section in page.sections if section.plain]
    assert [section.heading for section in sections] == ["Deep muscles"]


@pytest.mark.parametrize(
    ("old", "new", "field", "problem"),
    [
        ('"plausible"', '"true"', "sections[1].facts[1].standing", "'true' is not one of"),
        ('evidence = "It does. [ADJ]"', "", "sections[1].facts[1].evidence", "is missing"),
        ("[ADJ]", "[NOWHERE]", "sections[1].facts[1].evidence", "no source or fact NOWHERE"),
        ('"X1"', '"first"', "sections[1].facts[1].id", "is not a fact id"),
        ('heading = "One"', "", "sections[1].heading", "is missing"),
        ('title = "Why"', 'title = "Why"\nsubtitle = "How"', "subtitle", "is not a field"),
        ('"X1"', '"X2"', "sections.facts", "X2 stands twice"),
        ('["X2"]', '["X3"]', "sections.see", "there is no fact X3"),
    ],
)
def test_a_wrong_page_names_the_field_and_the_problem(old, new, field, problem):
    with pytest.raises(CatalogueError) as caught:
        check_education({"why.toml": parse_education_page(changed(old, new, PAGE), "why.toml")})
    assert caught.value.origin == "why.toml"
    assert caught.value.field == field
    assert problem in caught.value.problem
