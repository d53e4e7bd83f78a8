"""Whom David Okafor treats, and how it went. All of them are invented."""

from datetime import date, time

from prescriptions.sample.courses import WORKDAYS, Habits, Line, Person, Remark, Visit, dose
from prescriptions.sample.staff import DAVID

TERENCE_TILT = "A small bend forward that eases your leg. Keep breathing while you press down."
TERENCE_KNEEL = (
    "Bending forward, which makes room for the nerves in your low back. Cushion on the heels. Stop"
    " if your leg gets worse."
)
TERENCE = Person(
    name="Terence O’Malley",
    birth_date=date(1958, 11, 3),
    record_number="RV-1007",
    therapist=DAVID,
    appointment=time(9, 15),
    phone="+1 212 555 0102",
    device="Android phone",
    visits=(
        Visit(
            66,
            "Left leg aches after ten minutes of walking and is easy again within minutes of"
            " sitting down. Narrowing at L4/5 on a scan two years ago. Safety questions clear."
            " Bending forward in lying eases the leg and it stays eased; bending backward in"
            " standing brings the ache on and it stays. Knees are fine for kneeling.",
            (
                Line("TILT", dose(10, hold=5, times=1), TERENCE_TILT),
                Line("KLF", dose(3, hold=20, times=1), TERENCE_KNEEL),
            ),
        ),
        Visit(
            38,
            "Walks fifteen minutes before the leg stops him. Finds twenty seconds on his heels"
            " easy. What he writes down has hardly changed.",
            (
                Line("TILT", dose(10, hold=5, times=1), TERENCE_TILT),
                Line("KLF", dose(3, hold=30, times=1), TERENCE_KNEEL),
            ),
            reason="Holds 20 s with ease: 30 s now. Everything else stays.",
            review_after=42,
        ),
        Visit(
            10,
            "Still fifteen minutes of walking. No worse, no better on paper. If nothing has moved"
            " by the review he goes back to his doctor.",
        ),
    ),
    habits=Habits(
        times=(time(10, 15),),
        keeps=0.76,
        pain=(4, 4, 3, 4, 4),
        skips=0.15,
        remarks=(
            Remark(50, "KLF", "The cushion helps."),
            Remark(29, "TILT", "Not sure I feel anything with this one."),
            Remark(8, "KLF", "Same as always."),
        ),
    ),
)

WEIMING_FORWARD = (
    "Bends your low back forward, the way that is stiff. A short pull at the end is expected and"
    " must go as soon as you let go."
)
WEIMING_BACKWARD = "Bends your low back backward, straight after the knees to chest."
WEIMING_KNEEL = "Also bends your low back forward, and you stay there. A mild pull, no more."
WEIMING = Person(
    name="陈伟明",
    birth_date=date(1996, 9, 15),
    record_number="RV-1060",
    therapist=DAVID,
    appointment=time(17, 15),
    email="weiming.chen@patients.example",
    device="Android phone",
    visits=(
        Visit(
            62,
            "Had low back pain a year ago, gone since. Stiff bending forward ever since: reaches"
            " mid-shin, with a short pull at the end that goes at once, the same every time. No"
            " leg pain, safety questions clear. The stiff way is the way to go, with press-ups"
            " after.",
            (
                Line("FIL", dose(10, hold=1, times=3), WEIMING_FORWARD),
                Line("REIL", dose(10, times=3), WEIMING_BACKWARD),
            ),
            review_after=21,
        ),
        Visit(
            41,
            "Reaches his ankles. Same short pull, a little later in the movement.",
            (
                Line("FIL", dose(15, hold=1, times=2), WEIMING_FORWARD),
                Line("REIL", dose(15, times=2), WEIMING_BACKWARD),
            ),
            reason="Reaches the ankles. Fifteen of each, but twice a day is enough.",
            review_after=28,
        ),
        Visit(
            13,
            "Hands on the floor on a good day. Asks for something longer in the evening.",
            (
                Line("KLF", dose(3, hold=20, times=1), WEIMING_KNEEL),
                Line("FIL", dose(15, hold=1, times=2), WEIMING_FORWARD),
                Line("REIL", dose(15, times=2), WEIMING_BACKWARD),
            ),
            reason="Keeps what he has won. Heel sit added, before the other two.",
            review_after=42,
        ),
    ),
    habits=Habits(
        times=(time(11, 15), time(16, 40), time(21, 45)),
        keeps=0.9,
        pain=(2, 2, 1, 1, 0, 0),
        relief=0,
        skips=0.02,
        falls_short=0.05,
        remarks=(
            Remark(55, "FIL", "Pull at the end, gone in a second."),
            Remark(26, "FIL", "Touched my toes this morning!"),
        ),
    ),
)

SIOBHAN_TILT = (
    "On hands and knees, not on your back. Round your low back gently and let go. No holding your"
    " breath."
)
SIOBHAN = Person(
    name="Siobhán Ní Dhomhnaill",
    birth_date=date(1994, 12, 1),
    record_number="RV-1055",
    therapist=DAVID,
    appointment=time(12, 45),
    email="siobhan@patients.example",
    device="iPhone",
    visits=(
        Visit(
            63,
            "Eighteen weeks pregnant, her doctor agrees to exercise. Low back ache at the end of"
            " her shifts, nothing into the legs, safety questions clear. Nothing on her front or"
            " flat on her back. A small rounding on hands and knees eases it.",
            (
                Line("TILT", dose(10, hold=3, times=2), SIOBHAN_TILT),
                Line(
                    "SUTE",
                    dose(8, hold=2, times=2),
                    "Bends your upper back backward over the chair, to breathe more freely.",
                    WORKDAYS,
                ),
            ),
            review_after=28,
        ),
        Visit(
            28,
            "The chair back presses now and she leaves that one out. Tilt does her good, wants"
            " more of it.",
            (Line("TILT", dose(15, hold=5, times=2), SIOBHAN_TILT),),
            reason="Chair stretch out, it has become uncomfortable. Fifteen tilts, held 5 s.",
            review_after=42,
        ),
    ),
    habits=Habits(
        times=(time(7, 20), time(20, 50)),
        keeps=0.72,
        pain=(3, 3, 4, 3, 2),
        skips=0.25,
        falls_short=0.15,
        remarks=(
            Remark(45, "SUTE", "The chair is getting in the way of the bump."),
            Remark(25, "TILT", "Best part of my break."),
        ),
    ),
)

OKSANA_TILT = "A small bend forward. Roll until your back presses on your hand, and let go."
OKSANA_WALL = "The same small bend forward, standing with your back to the wall."
OKSANA_KNEEL = "Bends your low back forward. Sit back only as far as it is comfortable."
OKSANA = Person(
    name="Оксана Петрівна Коваленко",
    birth_date=date(1964, 1, 22),
    record_number="RV-1019",
    therapist=DAVID,
    appointment=time(11, 30),
    email="oksana@patients.example",
    device="Android phone",
    visits=(
        Visit(
            80,
            "Low back ache in the garden and after it, nothing into the legs, safety questions"
            " clear. Forward, backward and sideways all tested: none changes much. Wants to kneel"
            " and dig for two hours again.",
            (Line("TILT", dose(10, hold=3, times=1), OKSANA_TILT),),
        ),
        Visit(
            59,
            "Tilt well learnt. Twenty minutes in the garden without stopping.",
            (
                Line("TILT", dose(15, hold=5, times=1), OKSANA_TILT),
                Line("KLF", dose(3, hold=20, times=1), OKSANA_KNEEL),
            ),
            reason="Tilt is easy: fifteen, held 5 s. Heel sit added as practice for kneeling.",
            review_after=21,
        ),
        Visit(
            38,
            "An hour in the garden. Tilt at the wall shown, she does it while the kettle boils.",
            (
                Line("KLF", dose(3, hold=30, times=1), OKSANA_KNEEL),
                Line("TILT", dose(10, hold=3, times=1), OKSANA_WALL),
            ),
            reason="Tilt moves to the wall, ten to begin with. Heel sit first, and longer.",
            review_after=21,
        ),
        Visit(
            15,
            "Two hours of gardening without pain, twice last week. Knows what to do and when to"
            " come back.",
            ends_because="Goal reached: gardens for two hours without pain. Goes on by herself"
            " with heel sit and tilt at the wall.",
        ),
    ),
    habits=Habits(
        times=(time(18, 20),),
        keeps=0.88,
        pain=(4, 3, 2, 1, 0),
        last_log=16,
        remarks=(
            Remark(66, "TILT", "Easier on the bed than on the floor."),
            Remark(30, "TILT", "Роблю, поки закипає чайник."),
            Remark(18, "KLF", "Dug the whole bed, no pain."),
        ),
    ),
)

ANANYA_TILT = "A small bend forward, with no pain. Roll until your back presses on your hand."
ANANYA_PRESS_UPS = "Bending backward eases your back for a while. Stop if your buttock gets worse."
ANANYA = Person(
    name="अनन्या शर्मा",
    birth_date=date(1978, 10, 27),
    record_number="RV-1049",
    therapist=DAVID,
    appointment=time(15, 15),
    email="ananya@patients.example",
    device="Android phone",
    visits=(
        Visit(
            64,
            "Low back pain into the left buttock, worse after a day on her feet at school. Safety"
            " questions clear. Press-ups ease it for an hour, then it is back; bending forward"
            " changes nothing either way.",
            (Line("REIL", dose(10, times=2), ANANYA_PRESS_UPS),),
        ),
        Visit(
            36,
            "No lasting change. She pushes up with her back instead of her arms: shown again.",
            (
                Line(
                    "REIL",
                    dose(10, times=2),
                    f"{ANANYA_PRESS_UPS} Arms push, back and buttocks stay soft, breathe out at"
                    " the top.",
                ),
            ),
            reason="Note about technique: arms push, back stays soft. Same amount.",
            review_after=28,
        ),
        Visit(
            2,
            "Pain as on the first day. Bending forward tested again: no worse during or after,"
            " moves a little more freely. Thinking of going that way; to talk over with Anna"
            " before it goes out.",
            (
                Line("TILT", dose(10, hold=3, times=2), ANANYA_TILT),
                Line(
                    "KLF",
                    dose(3, hold=20, times=1),
                    "Bends your low back forward. Stop at a mild pull, or if your buttock gets"
                    " worse.",
                ),
            ),
            reason="No change after eight weeks of press-ups: they go. Forward now, gently.",
            is_draft=True,
        ),
    ),
    habits=Habits(
        times=(time(6, 45), time(21, 20)),
        keeps=0.64,
        pain=(5, 5, 4, 5, 5),
        relief=0,
        skips=0.2,
        falls_short=0.18,
        remarks=(
            Remark(57, "REIL", "Better for an hour."),
            Remark(31, "REIL", "Easier with the arms only."),
            Remark(11, "REIL", "No difference, sorry."),
        ),
    ),
)

DAVIDS_PATIENTS = (TERENCE, WEIMING, SIOBHAN, OKSANA, ANANYA)
