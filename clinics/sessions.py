from typing import Any

from django.http import HttpRequest

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
