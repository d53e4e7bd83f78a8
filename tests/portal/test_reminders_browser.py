"""Messages on a phone in real Chromium: turned on, refused, and shown when one comes."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Page, expect

from patients.models import Patient
from prescriptions import push
from prescriptions.models import PushSubscription
from tests import make
from tests.browser import PHONE, WHY_NO_BROWSER, Watched
from tests.make import inside
from tests.portal.conftest import invitation
from tests.prescriptions.push_service import Browser

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(bool(WHY_NO_BROWSER), reason=WHY_NO_BROWSER),
]

# Chromium here has no push service: the one thing that the page gets from elsewhere.
PUSH_SERVICE = """
const subscription = %s;
const pushManager = {
  getSubscription: async () => null,
  subscribe: async (wanted) => {
    if (!wanted.userVisibleOnly || wanted.applicationServerKey.length !== 87) throw new Error();
    return { toJSON: () => subscription };
  },
};
const registration = ServiceWorkerRegistration.prototype;
Object.defineProperty(registration, "pushManager", { get: () => pushManager });
"""


@pytest.fixture
def patient(settings, transactional_db) -> Patient:
    settings.VAPID_PRIVATE_KEY = push.new_private_key()
    return make.patient(of=make.clinic())


@pytest.fixture
def context(browser: Chromium) -> Iterator[BrowserContext]:
    """A phone of its own for each test."""
    phone = browser.new_context(**{**PHONE, "service_workers": "allow"})
    yield phone
    phone.close()


def opened(context: BrowserContext, live_server, patient: Patient, script: str = "") -> Page:
    """The page on reminders, on a phone that the patient has just signed in on."""
    page = context.new_page()
    page.goto(live_server.url + invitation(of=patient))
    page.get_by_role("button").click()
    if script:
        page.add_init_script(script)
    page.goto(live_server.url + "/my/reminders/")
    return page


def test_a_phone_is_turned_on_by_one_press(live_server, patient, context):
    browser = Browser()
    keys = {"p256dh": browser.p256dh, "auth": browser.auth}
    given = json.dumps({"endpoint": "https://push.example/1", "keys": keys})
    context.grant_permissions(["notifications"])
    page = opened(context, live_server, patient, PUSH_SERVICE % given)
    Watched(page).looks_right()
    page.get_by_role("button", name="Turn on for this phone").click()
    expect(page.get_by_text("Messages on this phone are on.")).to_be_visible()
    expect(page.get_by_role("button", name="Turn on for this phone")).to_have_count(0)
    Watched(page).looks_right()
    with inside(patient.clinic_id):
        assert PushSubscription.objects.get().endpoint == "https://push.example/1"


def test_a_push_service_that_fails_is_told_of_and_can_be_tried_again(live_server, patient, context):
    context.grant_permissions(["notifications"])
    page = opened(context, live_server, patient, PUSH_SERVICE % "null")
    page.get_by_role("button", name="Turn on for this phone").click()
    expect(page.get_by_text("That did not work.")).to_be_visible()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("delete window.PushManager", "This browser cannot show messages here."),
        (
            "Object.defineProperty(Notification, 'permission', { value: 'denied' })",
            "You said no to messages from this page.",
        ),
    ],
    ids=["impossible", "refused"],
)
def test_what_stands_in_the_way_is_said(live_server, patient, context, script, said):
    page = opened(context, live_server, patient, script)
    expect(page.get_by_text(said)).to_be_visible()
    expect(page.get_by_role("button", name="Turn on for this phone")).to_be_hidden()


def test_a_message_that_comes_is_shown_once_under_its_tag(live_server, patient, context):
    context.grant_permissions(["notifications"])
    page = opened(context, live_server, patient)
    tools = context.new_cdp_session(page)
    registered = []
    tools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: registered.extend(event["registrations"]),
    )
    tools.send("ServiceWorker.enable")
    page.evaluate("async () => { await navigator.serviceWorker.ready; }")
    message = {"title": "A reminder from Clinic", "body": "Open.", "tag": "t", "url": "/my/"}
    for _ in range(2):
        tools.send(
            "ServiceWorker.deliverPushMessage",
            {
                "origin": live_server.url,
                "registrationId": registered[-1]["registrationId"],
                "data": json.dumps(message),
            },
        )
    shown = """async () => {
      const registration = await navigator.serviceWorker.getRegistration("/my/");
      const all = await registration.getNotifications();
      return all.map(({ title, body, tag, data }) => ({ title, body, tag, url: data.url }));
    }"""
    for _ in range(50):
        found = page.evaluate(shown)
        if found:
            break
        page.wait_for_timeout(100)
    assert found == [message]
