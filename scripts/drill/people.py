"""Make a clinic whose patients all have a programme, and print a link into the portal for each.

python -m scripts.drill.people PATIENTS
"""

import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.urls import reverse  # noqa: E402 - Django has to be ready first
from django.utils import timezone  # noqa: E402

from clinics.tenancy import inside  # noqa: E402
from patients import actions  # noqa: E402
from tests import make  # noqa: E402


def main(count: int) -> None:
    clinic = make.clinic(name="Drill")
    told = []
    for _ in range(count):
        patient = make.patient(of=clinic)
        edition = make.edition(of=patient)
        with inside(clinic.pk):
            keys = list(edition.lines.values_list("pk", flat=True))
            _, token = actions.invite(patient=patient, at=timezone.now(), by=make.founder(clinic))
        link = reverse("portal:enter", args=[token])
        told.append({"link": link, "edition": edition.pk, "lines": keys})
    print(json.dumps(told))


if __name__ == "__main__":
    main(int(sys.argv[1]))
