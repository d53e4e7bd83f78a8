"""E-mails to staff about what waits: counts and links, no name and no word about health.

What is promised: a row for each member and local day or week, written once, which the database
sees to; it is marked as sent once. The last hop is made at least once, under a Message-ID that
never changes for a row, so that the receiving side can tell a repetition.
"""

import logging
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import F
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from clinics import audit
from clinics.models import Clinic, Membership, User
from clinics.tenancy import inside
from patients.models import Patient
from prescriptions.models import (
    Alert,
    Digest,
    DigestChoice,
    HowOften,
    PrescriptionEdition,
    SessionLog,
)

log = logging.getLogger(__name__)

# By the clinic's own clock: not before, and not any more from then on.
FROM, UNTIL = time(7), time(19)


def choice_of(clinic: Clinic, user: User) -> HowOften:
    """How often this member wants to hear; never, until they choose."""
    mine = DigestChoice.objects.of(clinic).of_user(user)
    return HowOften(mine.values_list("how_often", flat=True).first() or HowOften.NEVER)


@transaction.atomic
def choose(*, clinic: Clinic, how_often: HowOften, by: User, at: datetime) -> None:
    """Set how often the member hears from this clinic; the same choice again changes nothing."""
    if choice_of(clinic, by) is how_often:
        return
    chosen, _ = DigestChoice.objects.update_or_create(
        clinic=clinic, user=by, defaults={"how_often": how_often, "chosen_at": at}
    )
    audit.record(
        clinic_id=clinic.pk,
        by=by,
        verb="chose how often to get e-mail about what waits",
        target=chosen,
        how_often=how_often.value,
    )


def write_due(clinic_id: int) -> None:
    """Write a row for each member who wants an e-mail this morning; a second time writes none."""
    with inside(clinic_id):
        clinic, now = Clinic.objects.get(pk=clinic_id), timezone.now()
        here = now.astimezone(clinic.zone)
        if not FROM <= here.time() < UNTIL:
            return
        working = Membership.objects.of(clinic).active().values("user")
        wanted = DigestChoice.objects.of(clinic).wanted_on(here.date())
        Digest.objects.bulk_create(
            [
                Digest(
                    clinic=clinic,
                    user_id=choice.user_id,
                    how_often=choice.how_often,
                    on_day=here.date(),
                    written_at=now,
                )
                for choice in wanted.filter(user__in=working)
            ],
            ignore_conflicts=True,
        )


def send_one(clinic_id: int, mail: BaseEmailBackend) -> bool:
    """Send the next e-mail of the clinic that waits; False when there is none.

    It is held before it is sent, so that one over which we stumble, or die, counts its tries.
    """
    with inside(clinic_id):
        now = timezone.now()
        clinic = Clinic.objects.get(pk=clinic_id)
        today = now.astimezone(clinic.zone).date()
        waiting = Digest.objects.of(clinic).to_send(day=today, now=now)
        digest = waiting.select_for_update(skip_locked=True, of=("self",)).first()
        if digest is None:
            return False
        Digest.objects.filter(pk=digest.pk).update(held_at=now, tries=F("tries") + 1)
        # Locked out, or gone, since the row was written.
        member = Membership.objects.of(clinic).active().filter(user=digest.user_id)
        message = _message(digest, clinic) if member.exists() else None
    if message is None:
        return True
    try:
        message.connection = mail
        message.send()
    except Exception:
        mail.close()
        log.exception("an e-mail about what waits in clinic %s was not sent", clinic_id)
    else:
        with inside(clinic_id):
            Digest.objects.filter(pk=digest.pk, sent_at=None).update(sent_at=timezone.now())
    return True


def counts(clinic: Clinic, user: User, *, first: date, last: date) -> Mapping[str, tuple[int, int]]:
    """What waits in the clinic today, and what was logged on these days.

    Each number twice: of the patients in this member's charge, and of the whole clinic.
    """
    mine = Patient.objects.of(clinic).active().filter(therapist=user).values("pk")
    everyone = Patient.objects.of(clinic).active()
    alerts = Alert.objects.of(clinic).open()
    waiting = everyone.exclude(waiting_since=None)
    due = PrescriptionEdition.objects.of(clinic).in_force_on(last + timedelta(days=1))
    due = due.filter(review_on__lte=last + timedelta(days=1))
    logs = SessionLog.objects.of(clinic).standing().between(first, last)
    return {
        "alerts": (alerts.filter(patient__in=mine).count(), alerts.count()),
        "waiting": (waiting.filter(therapist=user).count(), waiting.count()),
        "reviews": (due.filter(patient__in=mine).count(), due.count()),
        "sessions": (logs.filter(patient__in=mine).count(), logs.count()),
    }


def _message(digest: Digest, clinic: Clinic) -> EmailMessage:
    last = digest.on_day - timedelta(days=1)
    first = last if digest.how_often == HowOften.DAY else digest.on_day - timedelta(days=7)
    links = {
        "home": reverse("home"),
        "alerts": reverse("prescriptions:alerts"),
        "messages": reverse("prescriptions:unread"),
        "settings": reverse("prescriptions:digest"),
    }
    context = {
        "counts": counts(clinic, digest.user, first=first, last=last),
        "is_week": digest.how_often == HowOften.WEEK,
        "links": {name: f"{settings.SITE_URL}{path}" for name, path in links.items()},
    }
    subject = render_to_string("prescriptions/digest_subject.txt", context)
    key = salted_hmac("prescriptions.digest", str(digest.pk)).hexdigest()[:32]
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return EmailMessage(
        " ".join(subject.split()),
        render_to_string("prescriptions/digest.txt", context),
        to=[digest.user.email],
        headers={"Message-ID": f"<{key}@{domain}>", "Auto-Submitted": "auto-generated"},
    )
