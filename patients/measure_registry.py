"""Which measures a clinic can ask: the shipped ones, and its own."""

from collections.abc import Sequence

from clinics.models import Clinic
from patients.measure_definition import Definition, shipped
from patients.models import MeasureEdition


def offered(clinic: Clinic) -> Sequence[Definition]:
    """The newest edition of each, shipped ones first, in one query."""
    own = MeasureEdition.objects.of(clinic).own().newest_of_each()
    return [
        *(definition for definition, _ in shipped().values()),
        *sorted((one.definition for one in own), key=lambda one: one.title),
    ]
