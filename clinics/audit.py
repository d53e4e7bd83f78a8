from collections.abc import Mapping

from django.db import models

from clinics import origin
from clinics.actors import ActorKind, CanAct
from clinics.models import AuditEvent, AuditKind


def record(
    *,
    clinic_id: int,
    by: CanAct,
    verb: str,
    target: models.Model,
    patient_id: int | None = None,
    **detail: object,
) -> AuditEvent:
    """Add one line to the clinic's audit trail, in the transaction of the act itself."""
    return record_as(
        AuditKind.ACT,
        clinic_id=clinic_id,
        by=by,
        verb=verb,
        target=target,
        patient_id=patient_id,
        detail=detail,
    )


def record_as(
    kind: AuditKind,
    *,
    clinic_id: int,
    by: CanAct,
    verb: str,
    target: models.Model,
    patient_id: int | None = None,
    detail: Mapping[str, object] | None = None,
) -> AuditEvent:
    """The same for what is more than an act, such as an export, so that it can be searched for."""
    actor_kind, actor_id, name = by.actor
    here = origin.current()
    return AuditEvent.objects.create(
        clinic_id=clinic_id,
        kind=kind,
        actor_kind=actor_kind,
        actor_id=actor_id,
        actor_name=name,
        role=here.role if actor_kind is ActorKind.STAFF else "",
        address=here.address,
        browser=here.browser,
        verb=verb,
        target=target._meta.label,
        target_id=target.pk,
        patient_id=patient_id,
        detail=dict(detail or {}),
    )
