"""The phases of an episode, in their order (3.5 of docs/clinical.md). Plain Python."""

from exercises.vocabulary import Term


class Phase(Term):
    ASSESSMENT = "assessment"
    REDUCTION = "reduction"
    MAINTAINED = "maintained"
    RECOVERY_OF_FUNCTION = "recovery_of_function"
    PREVENTION = "prevention"


class Event(Term):
    """What makes every test but a red one old at once (3.3)."""

    NEW_INJURY = "new_injury"
    SYMPTOMS_CHANGED_SIDE = "symptoms_changed_side"
    NEW_DISTANT_ZONE = "new_distant_zone"
    FLAG_CLEARED = "flag_cleared"
    SURGERY = "surgery"

    @property
    def label(self) -> str:
        return _EVENTS[self]


_EVENTS = {
    Event.NEW_INJURY: "New injury",
    Event.SYMPTOMS_CHANGED_SIDE: "Symptoms changed side",
    Event.NEW_DISTANT_ZONE: "Symptoms in a new, more distant zone",
    Event.FLAG_CLEARED: "A red flag was cleared",
    Event.SURGERY: "Surgery",
}
