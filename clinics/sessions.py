from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest
from django.utils import timezone

from clinics import tenancy
from clinics.access import CHOSEN_CLINIC
from clinics.models import Membership, User


def choose_the_only_clinic(request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Spare those who work in one clinic the choice, at sign-in."""
    with tenancy.known_as(user.pk):
        clinic_ids = list(
            Membership.objects.active().of_user(user).values_list("clinic_id", flat=True)[:2]
        )
    if len(clinic_ids) == 1:
        request.session[CHOSEN_CLINIC] = clinic_ids[0]


def end_sessions(user: User, *, clinic_id: int | None = None) -> int:
    """End the sessions of a person, or only those in one clinic; returns how many there were.

    A session is read to know whose it is, so this takes as long as there are sessions. It is for
    acts that happen a few times a year.
    """
    store = import_module(settings.SESSION_ENGINE).SessionStore
    ended = 0
    for row in store.get_model_class().objects.filter(expire_date__gt=timezone.now()).iterator():
        kept = row.get_decoded()
        is_theirs = kept.get(SESSION_KEY) == str(user.pk)
        if is_theirs and clinic_id in (None, kept.get(CHOSEN_CLINIC)):
            row.delete()
            ended += 1
    return ended
