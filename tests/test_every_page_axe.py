"""Every page that somebody can open, in a browser; those of the staff, and all in the dark, with
`make thorough`.

The pages are those that the URLs know: a new one is walked by itself.
"""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser

from clinics.models import Membership
from clinics.tenancy import inside
from patients import actions as patient_actions
from patients.models import Patient
from portal.access import COOKIE
from prescriptions.models import PrescriptionEdition, SessionLog
from tests import make
from tests.browser import DESK, PHONE, WHY_NO_BROWSER, Watched
from tests.conftest import just_confirmed, signed_in
from tests.test_doors import ABOUT, ALLAUTH, NAMES, door_of, keys_of_everything, phone_of, url, walk

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(bool(WHY_NO_BROWSER), reason=WHY_NO_BROWSER),
]
LONG_WORD = "Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh-Ramírez"
NARROWEST = {"width": 320, "height": 640}
# The scheme changes nothing but colours: in the dark only they can be wrong.
RULES = {
    "light": {"resultTypes": ["violations"]},
    "dark": {"resultTypes": ["violations"], "runOnly": ["color-contrast", "link-in-text-block"]},
}
# What sticks out on the right, each element by its tag and class.
STICKS_OUT = """() => {
  const width = document.documentElement.clientWidth
  if (document.documentElement.scrollWidth <= width) return []
  return [...document.querySelectorAll("main *, header *, footer *")]
    .filter((one) => one.getBoundingClientRect().right > width + 1 && !one.closest(".nav, .scroll"))
    .map((one) => one.outerHTML.slice(0, 60))
}"""
STAFF = [name for name in NAMES if door_of(name) in {"staff", "person"}]
PATIENTS = [name for name in NAMES if door_of(name) in {"patient", "anyone", "doorstep"}]


def _parts(entry) -> list[str]:
    return list(entry.pattern.regex.groupindex)


ENTRANCES = [
    reverse(name, kwargs={part: 1 if part == "pk" else "1-x" for part in _parts(entry)} or None)
    for name, entry in walk()
    if name.startswith(ALLAUTH)
]
_axe = Axe()


def is_page(response) -> bool:
    """A whole page: not a part of one, and not something that only takes a form."""
    return response.status_code == 200 and b"<main" in response.content


def pages(client: Client, addresses: list[str]) -> list[str]:
    return [address for address in addresses if is_page(client.get(address))]


def content(client: Client, address: str) -> str:
    """What stands on a page, without what is anew in every answer."""
    html = client.get(address).content.decode()
    return re.sub(r'value="[\w-]{36,64}"', "", html[html.index("<main") :])


def wrong_with(watched: Watched, scheme: str) -> list[str]:
    """What axe, the console and the narrowest screen say of the page that is open."""
    page, size = watched.page, watched.page.viewport_size
    found = _axe.run(page, options=RULES[scheme])
    page.set_viewport_size(NARROWEST)
    sticks_out = page.evaluate(STICKS_OUT)
    page.set_viewport_size(size)
    wrong = [found.generate_report()] if found.violations_count else []
    wrong += watched.complaints
    watched.complaints.clear()
    if sticks_out:
        wrong.append(f"scrolls sideways at 320 px: {sticks_out[:3]}")
    return [f"{page.url}: {words}" for words in wrong]


@pytest.fixture(params=["light", pytest.param("dark", marks=pytest.mark.thorough)])
def scheme(request) -> str:
    return request.param


@pytest.fixture
def walk_through(browser: Browser, live_server, scheme):
    """Open pages one after the other as the person whose cookies a client has; what is wrong."""

    def walk_through(client: Client, addresses: list[str], **kind) -> list[str]:
        assert addresses
        context = browser.new_context(**kind, color_scheme=scheme, reduced_motion="reduce")
        context.add_cookies(
            [
                {"name": name, "value": client.cookies[name].value, "url": live_server.url + path}
                for name, path in (("sessionid", "/"), (COOKIE, "/my/"))
                if name in client.cookies
            ]
        )
        watched, wrong = Watched(context.new_page()), []
        for address in addresses:
            response = watched.page.goto(live_server.url + address)
            if response.status != 200:
                wrong.append(f"{address}: {response.status}")
            wrong += wrong_with(watched, scheme)
        context.close()
        return wrong

    return walk_through


def loggable(clinic) -> PrescriptionEdition:
    """A programme that is not paused by a red flag."""
    patient = make.patient(of=clinic, name=LONG_WORD)
    return make.edition(of=patient, lines=[make.line("FIL"), make.line("TILT")])


@pytest.fixture
def site(transactional_db):
    """A clinic with a row of each kind, and long words in every text."""
    clinic = make.clinic(name=f"Clinic {LONG_WORD}")
    return clinic, keys_of_everything(clinic, word=LONG_WORD)


@pytest.mark.thorough  # two minutes of a core; the main pages have axe in their own tests
def test_every_page_of_the_staff(site, walk_through):
    clinic, keys = site
    admin = signed_in(clinic, Membership.Role.ADMIN)
    therapist = signed_in(clinic, Membership.Role.THERAPIST)
    addresses = [url(name, keys.get(ABOUT.get(name), 0)) for name in STAFF]
    with inside(clinic.pk):
        published = PrescriptionEdition.objects.of(clinic).published().get()
    # What a draft's number does not open.
    addresses.append(reverse("prescriptions:edition", args=[published.pk]))
    addresses.append(reverse("prescriptions:log_in_clinic", args=[loggable(clinic).pk]))
    for_admins, for_therapists = pages(admin, addresses), pages(therapist, addresses)
    assert set(for_therapists) < set(for_admins)
    # A therapist looks again only at what an admin sees otherwise.
    differing = [
        page for page in for_therapists if content(therapist, page) != content(admin, page)
    ]
    wrong = walk_through(admin, for_admins, **DESK)
    wrong += walk_through(therapist, differing, **DESK)
    assert not wrong, "\n".join(wrong)


def test_every_page_of_a_patient(site, walk_through):
    clinic, _ = site
    well = make.patient(of=clinic, name=LONG_WORD)
    edition = make.edition(of=well, lines=[make.line("FIL"), make.line("TILT")])
    now = make.timezone_now()
    make.log(of=edition, done_at=now, comment=LONG_WORD)
    make.alarming_log(of=edition, done_at=now, comment=LONG_WORD)
    with inside(clinic.pk):
        stopped = Patient.objects.of(clinic).exclude(pk=well.pk).select_related("clinic").get()
    wrong = []
    for patient in (well, stopped):
        phone = phone_of(patient)
        with inside(clinic.pk):
            keys = {
                PrescriptionEdition: PrescriptionEdition.objects.of_patient(patient)
                .published()
                .get()
                .pk,
                SessionLog: SessionLog.objects.of_patient(patient).order_by("-pk")[0].pk,
            }
        addresses = [url(name, keys.get(ABOUT.get(name), 0)) for name in PATIENTS]
        wrong += walk_through(phone, pages(phone, addresses), **PHONE)
    assert not wrong, "\n".join(wrong)


def test_every_page_before_the_doors(site, walk_through):
    clinic, _ = site
    patient = make.patient(of=clinic)
    with inside(clinic.pk):
        by = make.founder(clinic)
        _, token = patient_actions.invite(patient=patient, at=make.timezone_now(), by=by)
    nobody, person = Client(), Client()
    user = make.user(name=LONG_WORD, email="one@example.org", password="a long sample password")
    person.force_login(user)
    just_confirmed(
        person, by=user
    )  # or else all pages that change a sign-in were one: "Is it still you?"
    link = reverse("portal:enter", args=[token])
    to_join = [
        reverse("clinics:join", args=[make.staff_invitation(of=clinic, email=email).token])
        for email in ("new@example.org", "one@example.org")
    ]
    for_nobody = pages(nobody, [link, *to_join, *ENTRANCES])
    assert reverse("account_login") in for_nobody
    assert set(to_join) <= set(for_nobody)
    wrong = walk_through(nobody, for_nobody, **PHONE)
    for_a_person = [page for page in pages(person, ENTRANCES) if page not in for_nobody]
    for_a_person.append(to_join[1])
    wrong += walk_through(person, for_a_person, **DESK)
    assert not wrong, "\n".join(wrong)
