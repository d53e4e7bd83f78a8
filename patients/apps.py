from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PatientsConfig(AppConfig):
    name = "patients"

    def ready(self) -> None:
        from clinics.reads import pages
        from patients import erasure
        from patients.models import (
            ConditionOnFile,
            Device,
            Episode,
            Invitation,
            Patient,
            RaisedFlag,
        )

        post_migrate.connect(erasure.make_function, sender=self)

        record, portal = "looked at the record", "looked at the access to the portal"
        direction = "looked at direction and safety"
        pages(record, Patient, *_named("record edit note archive restore begin_episode"))
        pages(record, Patient, *_named("add_condition erase ask_for_erasure take_back_erasure"))
        pages(record, ConditionOnFile, *_named("end_condition"))
        pages(record, Episode, *_named("close_episode change_phase set_preference note_event"))
        pages(portal, Patient, *_named("portal invite"))
        pages(portal, Invitation, *_named("revoke"))
        pages(portal, Device, *_named("sign_out"))
        pages(direction, Patient, *_named("direction"))
        pages(direction, Episode, *_named("screen direction_test"))
        pages(direction, RaisedFlag, *_named("clear_flag"))
        pages("looked at the list of archived patients", None, *_named("archived"))
        pages("looked at the list of erasures", None, *_named("erasures"))
        pages("looked at the certificate of an erasure", None, *_named("certificate"))


def _named(names: str) -> list[str]:
    return [f"patients:{name}" for name in names.split()]
