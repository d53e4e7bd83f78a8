"""Every row about one patient, found by walking the models, so that no new table is forgotten."""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from django.apps import apps
from django.db import models

from patients.models import Patient

# What opens a door or reaches a phone: of no use to the person, and of use to a thief.
SECRETS = frozenset(
    {"token_hash", "code_hash", "secret_hash", "pin_hash", "endpoint", "p256dh", "auth", "salt"}
)


class About(NamedTuple):
    """A table with rows about patients, and the way from a row to its patient."""

    model: type[models.Model]
    path: str

    @property
    def label(self) -> str:
        return self.model._meta.label

    def name_of(self, number: int) -> str:
        """What so many rows are called."""
        meta = self.model._meta
        return str(meta.verbose_name if number == 1 else meta.verbose_name_plural)

    def rows(self, patient_id: int) -> "models.QuerySet[models.Model]":
        """In the order in which they were written."""
        mine = self.model._default_manager.filter(**{self.path: patient_id})
        return mine.order_by("pk")


@cache
def tables_about_patients() -> tuple[About, ...]:
    """The patient's own table first, then every table that carries or leads to a patient."""
    found: dict[type[models.Model], str] = {Patient: "pk"}
    ours = list(apps.get_models())
    is_growing = True
    while is_growing:
        new = {
            model: path
            for model in ours
            if model not in found and (path := _path(model, found)) is not None
        }
        found |= new
        is_growing = bool(new)
    return tuple(About(model, path) for model, path in found.items())


def in_order_of_deletion() -> list[About]:
    """Children before their parents."""
    left, ordered = list(tables_about_patients()), []
    while left:
        referred_to = {
            field.related_model
            for about in left
            for field in references(about.model)
            if field.related_model is not about.model
        }
        free = [about for about in left if about.model not in referred_to]
        if not free:
            raise RuntimeError("tables about patients refer to each other in a circle")
        ordered += free
        left = [about for about in left if about not in free]
    return ordered


def references(model: type[models.Model]) -> Iterator["models.ForeignKey[models.Model]"]:
    for field in model._meta.concrete_fields:
        if isinstance(field, models.ForeignKey):
            yield field


def _path(model: type[models.Model], found: dict[type[models.Model], str]) -> str | None:
    """How a row of `model` leads to its patient: by itself, by number, or through a parent."""
    for field in references(model):
        if field.related_model is Patient:
            return field.name
    if any(field.name == "patient_id" for field in model._meta.concrete_fields):
        return "patient_id"
    for field in references(model):
        if field.related_model in found:
            return f"{field.name}__{found[field.related_model]}"
    return None
