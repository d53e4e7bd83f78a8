from django.db import models

from clinics.actors import CanAct
from clinics.models import AuditEvent


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
    kind, actor_id, name = by.actor
    return AuditEvent.objects.create(
        clinic_id=clinic_id,
        actor_kind=kind,
        actor_id=actor_id,
        actor_name=name,
        verb=verb,
        target=target._meta.label,
        target_id=target.pk,
        patient_id=patient_id,
        detail=detail,
    )
