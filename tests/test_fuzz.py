"""No view breaks, whatever is sent to it: requests made up from each view's own forms.

A few for each view with `make thorough`; `make fuzz` sends 20,000 and prints what came of them.
"""

import os
from collections import Counter, defaultdict

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings

from clinics.tenancy import inside
from patients.models import Device
from portal.access import who_of
from prescriptions.models import SessionLog
from tests import make
from tests.fuzzing import Sent, Site, learn, requests
from tests.prescriptions.conftest import clock
from tests.test_doors import ALLAUTH, door_of, walk
from tests.worlds import Rows, World, address, as_before, phone_of, world

__all__ = ["clock"]

REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "0"))
WEIGHT_OF_POSTS = 3
PARTS = 2 if REQUESTS else 1  # one on each core


def sites(here: World) -> list[Site]:
    """Every view, as those reach it for whom it is made."""
    well = make.patient(of=here.ours)
    edition = make.edition(of=well)
    log, phone = make.log(of=edition), phone_of(well)
    with inside(here.ours.pk):
        device = Device.objects.of_patient(well).get()
        who = who_of(device)
    of_the_well = Rows({**here.own.keys, SessionLog: log.pk, Device: device.pk}, edition.pk)
    admin, patient = here.people["admin"], here.people["patient"]
    found = []
    for name, entry in walk():
        if name.startswith(ALLAUTH) or door_of(name) not in {"staff", "patient", "anyone"}:
            who_comes = [here.people["nobody"], admin, phone]
        elif door_of(name) == "staff":
            who_comes = [admin]
        else:
            who_comes = [phone, patient]
        for browser in who_comes if REQUESTS else who_comes[:1]:
            rows = of_the_well if browser is phone else here.own
            path = here.links.get(name) or address(name, entry, rows)
            found.append(Site(name, path, browser, who=who))
    by_name = defaultdict(list)
    for site in found:
        by_name[site.name].append(site)
    for site in found:
        with as_before(site.browser):
            learn(site, by_name)
    return found


def fuzz(site: Site, *, examples: int, seen: Counter[int]) -> None:
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=not REQUESTS,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(requests(site))
    def none_breaks_it(sent: Sent) -> None:
        with as_before(site.browser) as browser:
            seen[sent.by(browser).status_code] += 1
            connection.check_constraints()

    none_breaks_it()


@pytest.mark.thorough
@pytest.mark.django_db
@pytest.mark.parametrize("part", range(PARTS))
def test_no_view_breaks_whatever_is_sent(clock, subtests, capsys, part):
    found = sites(world())
    weights = [WEIGHT_OF_POSTS if site.takes_posts else 1 for site in found]
    wanted = max(REQUESTS, 100)
    examples = [-(-wanted * weight // sum(weights)) for weight in weights]
    seen: Counter[int] = Counter()
    mine = slice(len(found) * part // PARTS, len(found) * (part + 1) // PARTS)
    for site, times in zip(found[mine], examples[mine], strict=True):
        with subtests.test(site.name):
            fuzz(site, examples=times, seen=seen)
    if REQUESTS:
        with capsys.disabled():
            answers = ", ".join(f"{count} × {status}" for status, count in sorted(seen.items()))
            print(f"\n{seen.total()} requests to {len(found[mine])} views: {answers}")
    assert seen.total() >= sum(examples[mine])
    assert not [status for status in seen if status >= 500]
