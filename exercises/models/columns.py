"""Columns and constraints that several tables have alike."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from exercises.dosage import LIMITS


def dosage_in_range(prefix: str) -> list[models.CheckConstraint]:
    """Constraints that keep each dosage column within what can be typed at all."""
    return [
        models.CheckConstraint(
            condition=Q(**{f"{name}__range": (limit.least, limit.most)}),
            name=f"{prefix}_{name}_in_range",
        )
        for name, limit in LIMITS.items()
    ]


def terms(choices: list[tuple[str, str]]) -> ArrayField:
    return ArrayField(models.CharField(max_length=40, choices=choices), default=list, blank=True)


def lines(name: str | None = None) -> ArrayField:
    """Lines of text; a statement may end with the keys of its sources in square brackets."""
    return ArrayField(models.TextField(), verbose_name=name, default=list, blank=True)


def amount(name: str) -> models.PositiveSmallIntegerField:
    limit = LIMITS[name]
    return models.PositiveSmallIntegerField(
        default=limit.default,
        validators=[MinValueValidator(limit.least), MaxValueValidator(limit.most)],
    )
