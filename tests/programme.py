"""Exercises of the catalogue as the checks see them, without a database."""

from dataclasses import replace

from prescriptions.checks import Load, Planned
from tests import make

CATALOGUE = {record.code: record for record in make.catalogue_files()}


def planned(code: str, *, companion: Planned | None = None, **changes: object) -> Planned:
    record = CATALOGUE[code]
    if companion is None and record.companion:
        companion = planned(record.companion)
    return replace(
        Planned(
            code=code,
            name=record.name,
            loads=tuple(Load(one.region, one.direction, one.range) for one in record.loads),
            demands=frozenset(record.demands),
            hold_seconds=record.dosage.hold_seconds,
            max_hold_seconds=record.max_hold_seconds,
            hold_message=record.hold_message,
            companion=companion,
            companion_is_optional=record.companion_optional,
        ),
        **changes,
    )
