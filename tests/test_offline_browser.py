"""A phone without a network: what it shows, what it keeps, and that each log arrives once."""

import os
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Error, Page, expect

from clinics.tenancy import inside
from patients import actions as patient_actions
from patients.models import Device, RaisedFlag
from prescriptions.models import SessionEntry, SessionLog
from tests import make
from tests.browser import PHONE, WHY_NO_BROWSER, Watched
from tests.flaky import LOGIN_PAGE, Road, losing, page
from tests.portal.conftest import invitation

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(bool(WHY_NO_BROWSER), reason=WHY_NO_BROWSER),
]
thorough = pytest.mark.thorough
# Where to leave pictures of each page, when somebody wants to look.
PICTURES = os.environ.get("BEARING_PICTURES")
A_FEW_OR_MANY = [10, pytest.param(100, marks=thorough)]
SECONDS_OF_A_TAP = 1.2  # to find the next button and press it
UNTIL_SENT = 300  # seconds; on a machine that has much else to do


class Phone:
    """One browser of a patient, with a profile that outlives it, behind a road that can be cut."""

    def __init__(self, playwright, arguments: dict, folder: Path, road: Road) -> None:
        self._playwright, self._arguments, self._folder = playwright, arguments, folder
        self.road, self.base = road, f"http://127.0.0.1:{road.port}"
        self.context: BrowserContext = None
        self.start()

    def start(self, **kind: object) -> None:
        how = {**PHONE, "service_workers": "allow", **kind}
        self.context = self._playwright.chromium.launch_persistent_context(
            self._folder, **self._arguments, **how
        )
        self.page: Page = self.context.pages[0]

    def restart(self) -> None:
        """Close the browser and start it again, with what it kept."""
        self.context.close()
        self.start()

    def go(self, path: str = "/my/") -> Page:
        """Open a page; one that reloads by itself at the same moment is let go first."""
        for _ in range(5):
            try:
                self.page.goto(self.base + path)
            except Error as error:
                if "ERR_ABORTED" not in str(error) and "interrupted" not in str(error):
                    raise
                time.sleep(0.3)
            else:
                break
        return self.page

    def sign_in(self, patient) -> None:
        page = self.go(invitation(of=patient))
        page.get_by_role("button", name="Open my programme").click()
        self.wait_until_kept()

    def wait_until_kept(self) -> None:
        """Until the worker holds the programme."""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            kept = self.page.evaluate(
                "async () => Boolean(await caches.match('/my/help/', { cacheName:"
                " 'pages ' + document.body.dataset.who }))"
            )
            if kept:
                return
            time.sleep(0.1)
        raise AssertionError("the pages were not kept")

    def log_all_done(self, edition) -> None:
        page = self.go(f"/my/log/{edition.pk}/")
        page.get_by_role("button", name="None of these. I did all, no pain.").click()
        page.wait_for_url(self.base + "/my/")

    def shows_waiting(self, count: int) -> None:
        expect(self.page.get_by_text(f"Waiting to send: {count}", exact=True)).to_be_visible()

    def has_sent_all(self) -> None:
        until = time.monotonic() + UNTIL_SENT
        while self.waiting():
            assert time.monotonic() < until, self.waiting()
            time.sleep(0.5)
        expect(self.page.get_by_text("Waiting to send")).to_be_hidden()

    def has_stored(self, count: int, patient) -> None:
        until = time.monotonic() + UNTIL_SENT
        while len(logs_of(patient)) != count:
            assert time.monotonic() < until, logs_of(patient)
            time.sleep(0.1)

    def waiting(self) -> list[dict]:
        """What the phone has not sent; asked again when the page reloads meanwhile."""
        try:
            return self._waiting()
        except Error:
            self.page.wait_for_load_state()
            return self._waiting()

    def _waiting(self) -> list[dict]:
        return self.page.evaluate(
            """() => new Promise((done) => {
                 const opening = indexedDB.open("bearing");
                 opening.onsuccess = () => {
                   const all = opening.result.transaction("outbox").objectStore("outbox").getAll();
                   all.onsuccess = () => { opening.result.close(); done(all.result); };
                 };
               })"""
        )

    def picture(self, name: str) -> None:
        if PICTURES:
            self.page.screenshot(path=Path(PICTURES) / f"{name}.png")


@pytest.fixture
def patient(transactional_db):
    return make.patient(of=make.clinic(name="Bearing Sample Clinic"))


@pytest.fixture
def edition(patient):
    return make.edition(of=patient, lines=[make.line("FIL"), make.line("TILT")])


@pytest.fixture
def road(live_server) -> Iterator[Road]:
    road = Road(to=int(live_server.url.rpartition(":")[2]))
    yield road
    road.cut()


@pytest.fixture
def phone(
    browser, playwright, browser_type_launch_args, tmp_path, road, patient, edition
) -> Iterator[Phone]:
    phone = Phone(playwright, browser_type_launch_args, tmp_path / "profile", road)
    phone.sign_in(patient)
    yield phone
    phone.context.close()


def logs_of(patient) -> list[SessionLog]:
    with inside(patient.clinic_id):
        return list(SessionLog.objects.of_patient(patient).oldest_first())


def entries_of(patient) -> list[SessionEntry]:
    with inside(patient.clinic_id):
        return list(SessionEntry.objects.of_patient(patient).order_by("pk"))


def flags_of(patient) -> list[str]:
    with inside(patient.clinic_id):
        return list(RaisedFlag.objects.of_patient(patient).values_list("code", flat=True))


def cut_the_network(phone: Phone) -> None:
    phone.context.set_offline(True)
    # A worker that starts at this moment may not have heard of it yet.
    phone.road.cut()


def stop_the_server(phone: Phone) -> None:
    phone.road.cut()


def bring_it_back(phone: Phone) -> None:
    phone.context.set_offline(False)
    phone.road.cut()
    phone.road.open()


# None lost, none doubled


@pytest.mark.parametrize("number", A_FEW_OR_MANY)
@pytest.mark.parametrize(
    "cut",
    [
        pytest.param(cut_the_network, id="offline"),
        pytest.param(stop_the_server, id="server down", marks=thorough),
    ],
)
def test_logs_without_a_network_arrive_once_each_with_their_time(
    phone, patient, edition, number, cut
):
    cut(phone)
    moments = []
    for count in range(1, number + 1):
        if count == number // 2:
            # A browser that begins anew has a network for a moment, and uses it.
            phone.road.cut()
            phone.restart()
            cut(phone)
        moments.append(datetime.now(UTC))
        phone.log_all_done(edition)
        phone.shows_waiting(count)
    assert logs_of(patient) == []
    phone.page.reload()
    phone.shows_waiting(number)
    bring_it_back(phone)
    phone.go()
    phone.has_sent_all()
    logs = logs_of(patient)
    assert len(logs) == number
    assert len({log.client_uuid for log in logs}) == number
    for log, moment in zip(logs, moments, strict=True):
        assert timedelta() <= log.done_at - moment < timedelta(seconds=5)
        assert not log.is_time_unsure
    assert [log.pk for log in logs] == sorted(log.pk for log in logs), "sent in their order"


@thorough
@pytest.mark.parametrize("number", A_FEW_OR_MANY)
def test_a_server_that_fails_before_and_after_it_stored_loses_and_doubles_none(
    phone, patient, edition, number
):
    cut_the_network(phone)
    for _ in range(number):
        phone.log_all_done(edition)
    phone.road.spoil = losing(0.3)
    bring_it_back(phone)
    until = time.monotonic() + 30 + 3 * number
    phone.go()
    while phone.waiting():
        assert time.monotonic() < until
        # Somebody who looks again does not wait for the next try.
        phone.go()
        time.sleep(0.5)
    assert len(phone.road.items) > number
    assert len(logs_of(patient)) == number


@thorough
def test_two_tabs_send_each_log_once(phone, patient, edition):
    cut_the_network(phone)
    for _ in range(5):
        phone.log_all_done(edition)
    other = phone.context.new_page()
    other.goto(phone.base + "/my/")
    expect(other.get_by_text("Waiting to send: 5")).to_be_visible()
    bring_it_back(phone)
    phone.has_sent_all()
    expect(other.get_by_text("Waiting to send")).to_be_hidden()
    assert len(logs_of(patient)) == 5


@thorough
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(page("500 Internal Server Error", b"<h1>Oops</h1>"), id="500"),
        pytest.param(page("200 OK", LOGIN_PAGE), id="a login page"),
        pytest.param(page("302 Found\r\nLocation: /hotel/"), id="sent elsewhere"),
        pytest.param(page("429 Too Many Requests"), id="too many"),
        pytest.param(page("403 Forbidden"), id="forbidden"),
        pytest.param(b"", id="a connection that breaks"),
    ],
)
def test_what_is_no_answer_of_ours_keeps_the_log(phone, patient, edition, answer):
    phone.road.spoil = lambda _: answer
    phone.log_all_done(edition)
    phone.shows_waiting(1)
    assert logs_of(patient) == []
    phone.road.spoil = None
    phone.go()
    phone.has_sent_all()
    assert len(logs_of(patient)) == 1


@thorough
def test_one_item_that_always_fails_holds_up_no_other(phone, patient, edition):
    cut_the_network(phone)
    for _ in range(3):
        phone.log_all_done(edition)
    poison = phone.waiting()[0]["key"]
    broken = page("500 Internal Server Error")
    original = phone.road._ask
    phone.road._ask = lambda request: broken if poison.encode() in request else original(request)
    bring_it_back(phone)
    for _ in range(4):
        phone.go()
        time.sleep(1)
    assert len(logs_of(patient)) == 2
    assert [item["key"] for item in phone.waiting()] == [poison]
    phone.road._ask = original
    phone.go()
    phone.has_sent_all()
    assert len(logs_of(patient)) == 3


@thorough
def test_a_browser_that_is_killed_while_it_sends_sends_again(phone, patient, edition):
    def slow(answer):
        said = answer()
        time.sleep(3)
        return said

    phone.road.spoil = slow
    page = phone.go(f"/my/log/{edition.pk}/")
    page.get_by_role("button", name="None of these. I did all, no pain.").click()
    time.sleep(1)
    phone.context.close()
    phone.road.spoil = None
    phone.start()
    phone.go()
    phone.has_sent_all()
    assert len(logs_of(patient)) == 1


@thorough
@pytest.mark.parametrize("error", [timedelta(days=3), timedelta(days=-365)], ids=["+3 d", "-1 y"])
def test_a_phone_with_a_wrong_clock_is_corrected(phone, patient, edition, error):
    now = datetime.now(UTC)
    phone.page.clock.set_fixed_time(now + error)
    phone.log_all_done(edition)
    phone.has_sent_all()
    (log,) = logs_of(patient)
    assert log.is_time_unsure
    assert abs(log.done_at - now) < timedelta(seconds=20)


@thorough
def test_a_log_with_only_what_the_first_format_needs_is_sent(phone, patient, edition):
    cut_the_network(phone)
    phone.log_all_done(edition)
    phone.page.evaluate(
        """() => new Promise((done) => {
             const opening = indexedDB.open("bearing");
             opening.onsuccess = () => {
               const store = opening.result
                 .transaction("outbox", "readwrite").objectStore("outbox");
               store.getAll().onsuccess = ({ target }) => {
                 const { place, key, who, kind, fields, tappedAt, utcOffset } = target.result[0];
                 const first = { place, key, who, kind, fields, tappedAt, utcOffset, format: 1 };
                 store.put(first).onsuccess = () => { opening.result.close(); done(); };
               };
             };
           })"""
    )
    bring_it_back(phone)
    phone.go()
    phone.has_sent_all()
    assert len(logs_of(patient)) == 1


# What is shown


def test_a_page_from_the_phone_says_so_until_there_is_a_network(phone, patient):
    watched = Watched(phone.page)
    cut_the_network(phone)
    page = phone.go()
    line = page.get_by_text("You are offline. This is your programme as of")
    expect(line).to_be_visible()
    expect(page.get_by_role("heading", name="Flexion in Lying")).to_be_visible()
    page.get_by_role("link", name="Get help").click()
    expect(page.get_by_text("Stop. Get help now.")).to_be_visible()
    page.get_by_role("link", name="More").click()
    page.get_by_role("link", name="My logs").click()
    expect(page.get_by_text("This page is not on your phone")).to_be_visible()
    page.get_by_role("link", name="Go to Today").click()
    make.edition(of=patient, lines=[make.line("DOOR")])
    watched.looks_right()
    bring_it_back(phone)
    expect(page.get_by_role("heading", name="Doorway Stretch")).to_be_visible(timeout=30_000)
    expect(line).to_be_hidden()


@thorough
def test_a_server_in_trouble_shows_the_kept_programme_and_says_so(phone):
    original = phone.road._ask
    phone.road._ask = lambda request: page("503 Service Unavailable")
    shown = phone.go()
    expect(shown.get_by_text("We cannot reach the clinic. This is your programme")).to_be_visible()
    phone.road._ask = lambda request: page("200 OK", LOGIN_PAGE)
    expect(phone.go().get_by_text("Please sign in.")).to_be_visible()
    stop_the_server(phone)
    phone.road._ask = original
    expect(phone.go().get_by_role("heading", name="Flexion in Lying")).to_be_visible()


@thorough
def test_what_was_played_without_a_network_is_filled_in_and_logged(phone, patient):
    cut_the_network(phone)
    page = phone.go("/my/play/")
    for _ in range(10):
        page.get_by_role("button", name="One more", exact=True).click()
    for name in ("Next stretch", "Next", "Check and save"):
        page.get_by_role("button", name=name, exact=True).click()
    page.get_by_role("button", name="None of these", exact=True).click()
    expect(page.get_by_text("We filled in what you counted.")).to_be_visible()
    first, second = page.locator("[data-entry]").all()
    expect(first.get_by_label("Yes", exact=True)).to_be_checked()
    second.get_by_text("No", exact=True).click()
    page.get_by_role("button", name="Save").click()
    phone.shows_waiting(1)
    bring_it_back(phone)
    phone.go()
    phone.has_sent_all()
    assert [entry.outcome for entry in entries_of(patient)] == ["done", "no"]


@thorough
def test_thirty_days_later_the_programme_is_still_there(phone, edition):
    cut_the_network(phone)
    phone.restart()
    cut_the_network(phone)
    later = datetime.now(UTC) + timedelta(days=31)
    phone.page.clock.set_fixed_time(later)
    page = phone.go()
    expect(page.locator("[data-day]")).to_have_text(re.compile(f"{later.day} "))
    page.get_by_role("link", name="Start").click()
    expect(page.locator("[data-place]")).to_be_visible()
    phone.log_all_done(edition)
    phone.shows_waiting(1)


def test_a_sign_ticked_offline_says_what_to_do_at_once_and_is_sent_first(phone, patient, edition):
    cut_the_network(phone)
    phone.log_all_done(edition)
    page = phone.go(f"/my/log/{edition.pk}/")
    page.get_by_label("Chest pain with back pain").check()
    page.get_by_role("button", name="None of these", exact=True).click()
    expect(page.get_by_text("Which one is right?")).to_be_visible()
    page.get_by_role("button", name="Yes, what I ticked").click()
    expect(page.get_by_role("heading", name="Stop. Get help now.")).to_be_visible()
    expect(page.get_by_role("link", name="Call 911")).to_be_visible()
    expect(page.locator("[data-signs-said]").first).to_contain_text("Chest pain with back pain")
    expect(page.locator(".dock")).to_be_hidden()
    phone.picture("signs-offline")
    for path in ("/my/", "/my/play/", f"/my/log/{edition.pk}/"):
        expect(phone.go(path).get_by_role("heading", name="Stop. Get help now.")).to_be_visible()
        expect(page.get_by_text("Flexion in Lying")).to_be_hidden()
    expect(phone.go("/my/help/").get_by_text("When to get help").first).to_be_visible()
    bring_it_back(phone)
    phone.go()
    phone.has_sent_all()
    assert b"now=chest_pain" in phone.road.items[0], "the sign before the log"
    assert flags_of(patient) == ["chest_pain"]
    assert len(logs_of(patient)) == 1
    expect(phone.go().get_by_role("button", name="I have read this")).to_be_visible()


def test_a_refused_log_is_shown_with_its_reason_and_mended(phone, patient, edition):
    cut_the_network(phone)
    page = phone.go(f"/my/log/{edition.pk}/")
    page.get_by_role("button", name="None of these", exact=True).click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Tell us if you did this one.").first).to_be_visible()
    first, second = page.locator("[data-entry]").all()
    first.get_by_text("Yes", exact=True).click()
    second.get_by_text("No", exact=True).click()
    first.get_by_text("More about this one").click()
    first.get_by_text("Where was it? Where is it now?").click()
    first.locator("input[name$='-zones_before']").first.check()
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(phone.base + "/my/")  # or it would leave the next page for this one
    phone.shows_waiting(1)
    phone.log_all_done(edition)
    bring_it_back(phone)
    phone.go()
    expect(page.get_by_text("was not taken")).to_be_visible()
    phone.has_stored(1, patient)  # the other one is not held up
    phone.picture("parked")
    page.get_by_role("link", name="Look at it again").click()
    expect(page.get_by_text("Tick where the pain is now")).to_be_visible()
    phone.picture("mending")
    page.locator("[data-entry]").first.get_by_label("The pain is gone now").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved. Your therapist can see it.")).to_be_visible()
    assert len(logs_of(patient)) == 2
    assert phone.waiting() == []


@thorough
def test_a_refused_log_may_be_deleted_after_asking(phone, patient, edition):
    phone.road.spoil = lambda _: page("413 Content Too Large", b"<h1>Too large</h1>")
    shown = phone.go(f"/my/log/{edition.pk}/")
    shown.get_by_role("button", name="None of these. I did all, no pain.").click()
    expect(shown.get_by_text("Please look at the answers")).to_be_visible()
    phone.go()
    expect(shown.get_by_text("The clinic could not read it.")).to_be_visible()
    shown.get_by_role("button", name="Delete it", exact=True).click()
    shown.get_by_role("button", name="Yes, delete it").click()
    expect(shown.get_by_text("was not taken")).to_be_hidden()
    assert phone.waiting() == []


@thorough
def test_a_phone_that_cannot_keep_sends_the_ordinary_way(phone, patient, edition):
    phone.page.add_init_script(
        "IDBObjectStore.prototype.add = () => { throw new DOMException('', 'QuotaExceededError') }"
    )
    page = phone.go(f"/my/log/{edition.pk}/")
    page.get_by_role("button", name="None of these. I did all, no pain.").click()
    expect(page.get_by_text("You logged one session today.")).to_be_visible()
    assert len(logs_of(patient)) == 1
    cut_the_network(phone)
    page = phone.go(f"/my/log/{edition.pk}/")
    page.get_by_role("button", name="None of these. I did all, no pain.").click()
    expect(page.get_by_text("This phone cannot keep your log.")).to_be_visible()


# Signing out, and two people


def held(phone: Phone) -> list[str]:
    return phone.page.evaluate("async () => (await caches.keys()).filter((k) => k != 'files')")


def test_signing_out_asks_about_what_waits_and_erases_all(phone, patient, edition):
    phone.road.spoil = lambda _: page("503 Service Unavailable")
    phone.log_all_done(edition)
    phone.shows_waiting(1)
    shown = phone.page
    assert held(phone)
    shown.get_by_role("button", name="Sign out on this phone").click()
    expect(shown.get_by_text("Not sent yet: 1.")).to_be_visible()
    phone.picture("leaving")
    shown.get_by_role("button", name="Stay signed in").click()
    assert len(phone.waiting()) == 1
    shown.get_by_role("button", name="Sign out on this phone").click()
    shown.get_by_role("button", name="Sign out and lose it").click()
    expect(shown.get_by_text("You are signed out")).to_be_visible()
    expect(shown.locator("html")).not_to_have_attribute("data-kept", re.compile("."))
    until = time.monotonic() + 10
    while held(phone) or phone.waiting():
        assert time.monotonic() < until
    stop_the_server(phone)
    expect(phone.go().get_by_text("This page is not on your phone")).to_be_visible()


@thorough
def test_a_revoked_phone_holds_no_programme_and_sends_after_a_new_sign_in(phone, patient, edition):
    cut_the_network(phone)
    phone.log_all_done(edition)
    with inside(patient.clinic_id):
        device = Device.objects.of_patient(patient).get()
        patient_actions.revoke_device(
            device=device, at=datetime.now(UTC), by=make.founder(patient.clinic)
        )
    bring_it_back(phone)
    expect(phone.go().get_by_text("This phone is not signed in.")).to_be_visible()
    assert logs_of(patient) == []
    until = time.monotonic() + 10
    while held(phone):
        assert time.monotonic() < until
    phone.sign_in(patient)
    phone.go()
    phone.has_sent_all()
    assert len(logs_of(patient)) == 1


@thorough
def test_two_people_on_one_phone_never_mix(phone, patient, edition):
    other = make.patient(of=patient.clinic)
    make.edition(of=other, lines=[make.line("DOOR")])
    cut_the_network(phone)
    phone.log_all_done(edition)
    bring_it_back(phone)
    phone.road.spoil = lambda _: page("503 Service Unavailable")
    phone.sign_in(other)
    phone.road.spoil = None
    expect(phone.go().get_by_role("heading", name="Doorway Stretch")).to_be_visible()
    expect(phone.page.get_by_text("Waiting to send")).to_be_hidden()
    time.sleep(2)
    assert logs_of(other) == []
    cut_the_network(phone)
    expect(phone.go().get_by_role("heading", name="Doorway Stretch")).to_be_visible()
    expect(phone.page.get_by_text("Flexion in Lying")).to_be_hidden()


# In twenty seconds


class Thumb:
    """Presses what it is told and counts."""

    def __init__(self) -> None:
        self.taps = 0

    def on(self, what) -> None:
        what.tap()
        self.taps += 1

    @property
    def seconds(self) -> float:
        return self.taps * SECONDS_OF_A_TAP


@pytest.fixture
def four(patient):
    return make.edition(
        of=patient, lines=[make.line(code) for code in ("FIL", "REIL", "TILT", "KLF")]
    )


@thorough
def test_all_done_without_pain_is_two_taps_from_today(phone, patient, four):
    thumb, page = Thumb(), phone.go()
    thumb.on(page.get_by_role("link", name="Log what I did"))
    thumb.on(page.get_by_role("button", name="None of these. I did all, no pain."))
    expect(page.get_by_text("Saved. Your therapist can see it.")).to_be_visible()
    assert thumb.taps == 2
    for entry in entries_of(patient):
        assert (entry.outcome, entry.pain_in_words) == ("done", "0, 0, 0")


@thorough
def test_four_stretches_one_of_them_with_pain_take_less_than_twenty_seconds(phone, patient, four):
    thumb, page = Thumb(), phone.go()
    thumb.on(page.get_by_role("link", name="Log what I did"))
    thumb.on(page.get_by_role("button", name="None of these", exact=True))
    for place, entry in enumerate(page.locator("[data-entry]").all()):
        thumb.on(entry.get_by_text("Some" if place == 1 else "Yes", exact=True))
        thumb.on(entry.get_by_text("Some pain" if place == 1 else "No pain", exact=True))
    painful = page.locator("[data-entry]").nth(1)
    for question, pain in (("Pain right before", "2"), ("Worst pain during", "4")):
        thumb.on(painful.get_by_role("group", name=question).get_by_text(pain, exact=True))
    thumb.on(painful.get_by_role("group", name="Pain right after").get_by_text("2", exact=True))
    thumb.on(page.get_by_role("button", name="Save"))
    expect(page.get_by_text("Saved. Your therapist can see it.")).to_be_visible()
    assert thumb.seconds <= 20, f"{thumb.taps} taps"
    entries = entries_of(patient)
    assert [entry.outcome for entry in entries] == ["done", "part", "done", "done"]
    assert [entry.pain_in_words for entry in entries] == [
        "0, 0, 0",
        "2, 4, 2",
        "0, 0, 0",
        "0, 0, 0",
    ]
