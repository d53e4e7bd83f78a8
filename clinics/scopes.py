"""What an API token opens: short words, each with what it means, in one list."""

from enum import StrEnum


class Scope(StrEnum):
    """One thing that a connected system may do."""

    FHIR_READ = "fhir.read"
    BULK_READ = "bulk.read"
    PATIENTS_READ = "patients.read"
    PROGRAMMES_READ = "programmes.read"
    LOGS_READ = "logs.read"

    @property
    def meaning(self) -> str:
        return MEANING[self]

    @classmethod
    def choices(cls) -> list[tuple[str, str]]:
        """Pairs of stored word and sentence, as a form shows them."""
        return [(scope.value, f"{scope.meaning} ({scope})") for scope in cls]


MEANING = {
    Scope.FHIR_READ: "Read everything about each patient over FHIR",
    Scope.BULK_READ: "Export the data of all patients over FHIR, as files",
    Scope.PATIENTS_READ: "Read who the patients are",
    Scope.PROGRAMMES_READ: "Read programmes and what they prescribe",
    Scope.LOGS_READ: "Read what patients have logged",
}
