"""Whom Anna Lindqvist treats, and how it went. All of them are invented."""

from datetime import date, time

from exercises.vocabulary import Direction, Region
from patients.assessments import Tested
from patients.episodes import Phase
from patients.lights import After, During, Loading, Neuro, RangeChange, Series, TestPosition
from prescriptions.sample.courses import WORKDAYS, Habits, Line, Person, Remark, Visit, dose
from prescriptions.sample.staff import ANNA

PRESS_UPS = (
    "Bending backward draws your leg pain up toward your back: that is the right way. Hips stay"
    " down. If the pain moves further down the leg, stop and call us."
)
SMALL_TILT = "A small bend forward, with no pain. Roll only until your back presses on your hand."
KNEES_TO_CHEST = (
    "Bending forward again, a little at a time. Only to a mild pull, and not in the first two"
    " hours after you get up. Do the press-ups straight after."
)
PRESS_UPS_AFTER = "Bending backward, straight after the knees to chest. Up, breathe out, and down."
PRESS_UPS_HELP = Tested(
    Region.LUMBAR,
    Direction.EXTENSION,
    TestPosition.LYING,
    Loading.REPEATED,
    amount=10,
    series=Series(During.CENTRALISING, After.CENTRALISED, 0, RangeChange.SAME, Neuro.SAME),
    baseline_pain=5,
    zones_before=("low-2-R", "low-5-R"),
    zones_after=("low-2-R", "low-3-R"),
)
BENDING_SENDS_IT_DOWN = Tested(
    Region.LUMBAR,
    Direction.FLEXION,
    TestPosition.STANDING,
    Loading.REPEATED,
    amount=10,
    series=Series(During.PERIPHERALISING, After.PERIPHERALISED, None, RangeChange.SAME, Neuro.SAME),
    baseline_pain=4,
    zones_before=("low-2-R", "low-3-R"),
    zones_after=("low-2-R", "low-5-R"),
)
PRESS_UPS_STILL_HELP = Tested(
    Region.LUMBAR,
    Direction.EXTENSION,
    TestPosition.LYING,
    Loading.REPEATED,
    amount=10,
    series=Series(During.DECREASED, After.BETTER, 0, RangeChange.UP, Neuro.SAME),
    baseline_pain=1,
    zones_before=("low-1-C",),
)
BENDING_IS_ONLY_STIFF = Tested(
    Region.LUMBAR,
    Direction.FLEXION,
    TestPosition.LYING,
    Loading.REPEATED,
    amount=10,
    series=Series(
        During.END_RANGE_ONLY, After.NO_WORSE, 0, RangeChange.SAME, Neuro.SAME, dysfunction=True
    ),
    baseline_pain=0,
)
MARIA = Person(
    name="María José Núñez Álvarez",
    birth_date=date(1983, 4, 12),
    record_number="RV-1041",
    therapist=ANNA,
    appointment=time(10, 30),
    email="maria.nunez@patients.example",
    phone="+1 212 555 0101",
    device="iPhone",
    visits=(
        Visit(
            63,
            "Low back pain for three weeks since she lifted boxes in her shop, with pain down the"
            " right leg to the calf. Safety questions all clear, strength and reflexes normal."
            " Ten press-ups: the leg pain draws up to the buttock and stays there. Bending"
            " forward in standing sends it back to the calf. Press-ups only for now, nothing that"
            " bends forward.",
            (Line("REIL", dose(10, times=3), PRESS_UPS),),
            review_after=7,
            tested=(PRESS_UPS_HELP, BENDING_SENDS_IT_DOWN),
            preference=(Region.LUMBAR, Direction.EXTENSION),
            phase=Phase.REDUCTION,
        ),
        Visit(
            56,
            "Leg pain now ends at the thigh. Good technique, hips stay down. Back itself a little"
            " sorer, as expected.",
            (Line("REIL", dose(15, times=3), PRESS_UPS),),
            reason="Leg pain has drawn up to the thigh. Fifteen press-ups instead of ten.",
        ),
        Visit(
            35,
            "No leg pain for eight days. Bending forward is stiff at the end but brings nothing"
            " into the leg. Begin with a small tilt; knees to chest still too early.",
            (
                Line("TILT", dose(10, hold=3, times=2), SMALL_TILT),
                Line("REIL", dose(10, times=2), PRESS_UPS),
            ),
            reason="Free of leg pain for eight days. Pelvic tilt added, fewer press-ups.",
            review_after=21,
            tested=(PRESS_UPS_STILL_HELP,),
            phase=Phase.MAINTAINED,
        ),
        Visit(
            14,
            "Back at work full time. Bending forward tested again, lying and standing: stiff at"
            " the end, no leg pain during or after. Time to win it back.",
            (
                Line("FIL", dose(8, hold=1, times=2), KNEES_TO_CHEST),
                Line("REIL", dose(10, sets=2, times=2), PRESS_UPS_AFTER),
            ),
            reason="Tilt is easy now and goes. Knees to chest to win back bending forward, always"
            " followed by the press-ups.",
            review_after=28,
            tested=(PRESS_UPS_STILL_HELP, BENDING_IS_ONLY_STIFF),
            phase=Phase.RECOVERY_OF_FUNCTION,
        ),
    ),
    habits=Habits(
        times=(time(9, 40), time(14, 0), time(21, 0)),
        keeps=0.9,
        pain=(5, 5, 4, 3, 2, 1, 1),
        remarks=(
            Remark(60, "REIL", "My back is sorer, but the calf is quiet."),
            Remark(52, "REIL", "Did these behind the counter on a yoga mat."),
            Remark(43, "REIL", "First day with no pain in the leg."),
            Remark(12, "FIL", "Stiff, but it lets go at once."),
            Remark(3, "REIL", "Carried the boxes in. All good."),
        ),
    ),
)

LAYLA_CHAIR = (
    "Bends your upper back backward, against all the hours at the screen. Low back stays on the"
    " chair."
)
LAYLA_CHAIR_CHIN = f"{LAYLA_CHAIR} Chin in: do not let your head drop back."
LAYLA_DOOR = "Opens your chest. Shoulders down, low back still, and stop at a mild pull."
LAYLA_PILLOW = "Bends your upper back backward while you rest. It should feel like an opening."
LAYLA = Person(
    name="ليلى حسن الخطيب",
    birth_date=date(1990, 2, 24),
    record_number="RV-1052",
    therapist=ANNA,
    appointment=time(16, 0),
    email="layla@patients.example",
    device="iPhone",
    visits=(
        Visit(
            64,
            "Upper back stiff and tired since she writes her thesis, eight hours a day at a"
            " laptop. Nothing into the arms, safety questions clear. Leaning back over a chair"
            " eases it for hours; slumping brings it back.",
            (
                Line("SUTE", dose(10, hold=2, times=2), LAYLA_CHAIR, WORKDAYS),
                Line("DOOR", dose(3, hold=20, times=1), LAYLA_DOOR),
            ),
        ),
        Visit(
            43,
            "Clearly less tired in the evening. Her head drops back over the chair: shown again"
            " with the chin in. Would like something for the evening.",
            (
                Line("SUTE", dose(10, hold=2, times=2), LAYLA_CHAIR_CHIN, WORKDAYS),
                Line("DOOR", dose(3, hold=20, times=1), LAYLA_DOOR),
                Line("PILLOW", dose(2, hold=30, times=1), LAYLA_PILLOW),
            ),
            reason="Note about the chin. Back over a pillow added, once a day.",
            review_after=21,
        ),
        Visit(
            20,
            "Back from a week with her family, nothing lost. Says everything goes better when the"
            " pillow comes first.",
            (
                Line("PILLOW", dose(2, hold=30, times=1), LAYLA_PILLOW),
                Line("SUTE", dose(10, hold=2, times=2), LAYLA_CHAIR_CHIN, WORKDAYS),
                Line("DOOR", dose(3, hold=20, times=1), LAYLA_DOOR),
            ),
            reason="The pillow comes first now, because the rest goes better after it.",
            review_after=35,
        ),
    ),
    habits=Habits(
        times=(time(13, 15), time(20, 15)),
        keeps=0.9,
        pain=(4, 4, 3, 2, 2, 1),
        away=range(22, 30),
        remarks=(
            Remark(58, "DOOR", "The library door works too."),
            Remark(41, "PILLOW", "لطيف جدا قبل النوم"),
            Remark(6, "SUTE", "Wrote all day and forgot my back was there."),
        ),
    ),
)

FRIEDERIKE_CHAIR = (
    "Bends your upper back backward, only a little, over the folded towel. Your hands carry your"
    " head."
)
FRIEDERIKE = Person(
    name="Maximiliane Friederike Wilhelmina Theodora Gräfin von Hohenberg-Schwarzenfels"
    " zu Altenburg-Lichtenau",
    birth_date=date(1947, 6, 30),
    record_number="RV-0968",
    therapist=ANNA,
    appointment=time(14, 0),
    phone="+1 212 555 0105",
    device="iPad",
    visits=(
        Visit(
            65,
            "Low bone density, no fracture on last year’s X-ray. Feels herself stooping and"
            " her upper back aches by the afternoon. Safety questions clear, stands steadily."
            " Leaning back gently is easy and pleasant. Nothing that bends her far forward.",
            (Line("SUTE", dose(5, hold=2, times=2), FRIEDERIKE_CHAIR),),
        ),
        Visit(
            37,
            "Five are easy. Balance in the door frame tested, safe with both forearms on it.",
            (
                Line("SUTE", dose(8, hold=2, times=2), FRIEDERIKE_CHAIR),
                Line(
                    "DOOR",
                    dose(3, hold=15, times=1),
                    "Opens your chest and helps you stand tall. Both arms on the frame all the"
                    " time.",
                ),
            ),
            reason="Eight instead of five. Doorway stretch added, once a day, to stand taller.",
            review_after=42,
        ),
        Visit(
            9,
            "Her daughter says she stands taller at the stove. Enjoys filling in the tablet and"
            " has missed hardly a day.",
        ),
    ),
    habits=Habits(
        times=(time(10, 30), time(16, 30)),
        keeps=0.88,
        pain=(4, 3, 3, 2, 2),
        skips=0.0,
        falls_short=0.04,
        remarks=(
            Remark(61, "SUTE", "Done after breakfast, as agreed. Very pleasant."),
            Remark(33, "DOOR", "The kitchen door is the best one."),
            Remark(17, "SUTE", "My daughter counted for me."),
        ),
    ),
)

ANH_PILLOW = "Bends your upper back backward while you lie. It should feel like an opening."
ANH_CHAIR = "Bends your upper back backward, after each hour bent over your customers’ hands."
ANH = Person(
    name="Nguyễn Thị Hồng Ánh",
    birth_date=date(1971, 8, 19),
    record_number="RV-1033",
    therapist=ANNA,
    appointment=time(9, 30),
    phone="+1 212 555 0107",
    device="Android phone",
    visits=(
        Visit(
            76,
            "Stiff across the upper back for years, from work bent over in her nail salon. Asked"
            " about chest pain, night pain and pain that is new: no to all. Leaning back eases it"
            " for an hour or two.",
            (
                Line("PILLOW", dose(2, hold=30, times=1), ANH_PILLOW),
                Line("SUTE", dose(8, hold=2, times=2), ANH_CHAIR),
            ),
        ),
        Visit(
            48,
            "Likes the pillow and asks for more of it.",
            (
                Line("PILLOW", dose(2, hold=60, times=1), ANH_PILLOW),
                Line("SUTE", dose(10, hold=2, times=2), ANH_CHAIR),
            ),
            reason="A minute on the pillow instead of half, ten on the chair instead of eight.",
        ),
        Visit(
            27,
            "Sorer than when she came. Her arms tingle overhead on the pillow; it clears as soon as"
            " they come down. Back to half a minute, arms by her sides. To call at once if it"
            " tingles all the same.",
            (
                Line("SUTE", dose(8, hold=2, times=2), ANH_CHAIR),
                Line(
                    "PILLOW",
                    dose(2, hold=30, times=1),
                    f"{ANH_PILLOW} Arms by your sides. If they tingle all the same, leave it out"
                    " and call us.",
                ),
            ),
            reason="Sorer, and arms tingle overhead: shorter again, arms by the sides, chair"
            " first.",
        ),
        Visit(6, "Has not logged for a week. Called twice, nobody answers. Try the salon."),
    ),
    habits=Habits(
        times=(time(8, 15), time(20, 30)),
        keeps=0.68,
        pain=(3, 3, 4, 5, 5),
        relief=-1,
        skips=0.1,
        falls_short=0.2,
        last_log=14,
        remarks=(
            Remark(72, "PILLOW", "Feels nice."),
            Remark(33, "PILLOW", "My arms tingle when they are up."),
            Remark(20, "PILLOW", "No tingling with arms down. Still sore after."),
            Remark(16, "SUTE", "Hurts more than before I started."),
        ),
    ),
)

SEUN_PRESS_UPS = (
    "Bending backward is what takes your pain away. Arms do the work, hips stay down, do not stay"
    " at the top."
)
SEUN = Person(
    name="Olúwaṣeun Adéyẹmí",
    birth_date=date(2003, 5, 9),
    record_number="RV-1058",
    therapist=ANNA,
    appointment=time(8, 30),
    email="seun@patients.example",
    device="iPhone",
    visits=(
        Visit(
            62,
            "Rower. Sudden low back pain at the catch two weeks ago, in the middle only. Safety"
            " questions clear. Repeated bending forward makes it worse and it stays worse;"
            " press-ups take it away within two sets. No rowing, no toe touching.",
            (Line("REIL", dose(10, times=3), SEUN_PRESS_UPS),),
            review_after=14,
        ),
        Visit(
            48,
            "Pain only when he sits long. Light rowing machine from next week if it stays so.",
            (
                Line("REIL", dose(15, times=2), SEUN_PRESS_UPS),
                Line(
                    "SUTE",
                    dose(10, hold=2, times=1),
                    "Bends your upper back backward. Do it after lectures.",
                    WORKDAYS,
                ),
            ),
            reason="Much better: fifteen press-ups twice a day. Chair stretch for long lectures.",
            review_after=28,
        ),
        Visit(
            20,
            "Rows on the water again, no pain. Bending forward tested: stiff, nothing else. Back"
            " in small steps.",
            (
                Line("FIL", dose(5, hold=1, times=2), KNEES_TO_CHEST),
                Line("REIL", dose(15, times=2), PRESS_UPS_AFTER),
            ),
            reason="Free of pain. Knees to chest, few and gentle, then the press-ups. Chair out.",
            review_after=28,
        ),
    ),
    habits=Habits(
        times=(time(10, 0), time(17, 0), time(22, 10)),
        keeps=0.8,
        pain=(5, 3, 2, 1, 1, 0),
        skips=0.1,
        remarks=(
            Remark(58, "REIL", "Gone after the second set. Comes back when I sit."),
            Remark(39, "REIL", "First time on the rowing machine, ok."),
            Remark(9, "FIL", "Fine. Rowed 8 km."),
        ),
    ),
)

WALTER = Person(
    name="Walter Kowalski",
    birth_date=date(1953, 3, 7),
    record_number="RV-1063",
    therapist=ANNA,
    appointment=time(13, 30),
    phone="+1 212 555 0111",
    device="Android phone",
    visits=(
        Visit(
            24,
            "New right hip seven weeks ago, from behind: no bending it past a right angle. Upper"
            " back stiff from the walking frame. Safety questions clear, stands steadily in the"
            " door frame. High chair at home.",
            (
                Line(
                    "SUTE",
                    dose(8, hold=2, times=2),
                    "Bends your upper back backward. Sit on the high chair, so that your hip stays"
                    " open.",
                ),
                Line(
                    "DOOR",
                    dose(3, hold=20, times=1),
                    "Opens your chest after the walking frame. Both forearms on the door frame.",
                ),
            ),
            review_after=28,
        ),
        Visit(
            10,
            "On the telephone: does his stretches most days, does not get on with his phone. Go"
            " through the log with him next time.",
        ),
    ),
)

SEOYEON = Person(
    name="김서연",
    birth_date=date(1987, 7, 14),
    record_number="RV-1064",
    therapist=ANNA,
    appointment=time(11, 0),
    email="seoyeon.kim@patients.example",
    visits=(
        Visit(
            2,
            "Low back stiff and sore after sitting, for a month. Nothing into the legs, safety"
            " questions clear. Ten press-ups: better, and still better ten minutes later. Link"
            " for the portal sent.",
            (
                Line(
                    "REIL",
                    dose(10, times=3),
                    "Bending backward makes your back better. Hips stay down, do not stay at the"
                    " top.",
                ),
            ),
        ),
    ),
)

ANNAS_PATIENTS = (MARIA, LAYLA, FRIEDERIKE, ANH, SEUN, WALTER, SEOYEON)
