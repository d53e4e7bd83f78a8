"""Messages to phones: only the browser reads them, and only public push services get them."""

import json
import socket
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from prescriptions import push
from tests.prescriptions.push_service import Browser, push_service

AT = datetime(2026, 5, 20, 13, 0, tzinfo=UTC)


@pytest.fixture
def service(settings):
    settings.PUSH_MAY_REACH_LOOPBACK = True
    with push_service() as running:
        yield running


@pytest.fixture(autouse=True)
def _key(settings):
    settings.VAPID_PRIVATE_KEY = push.new_private_key()


def send(endpoint: str, browser: Browser | None = None, **more: object) -> None:
    browser = browser or Browser()
    keys = {"p256dh": browser.p256dh, "auth": browser.auth}
    message = {"title": "A reminder – é"}
    push.send(
        endpoint=endpoint,
        **keys,
        **{"message": message, "topic": "t" * 32, "lasts": timedelta(hours=2), "at": AT} | more,
    )


def test_the_example_of_rfc_8291_comes_out_byte_for_byte():
    """Appendix A: the keys, the salt and the result are given there."""
    sender = push.to_bytes("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")
    body = push.encrypt(
        b"When I grow up, I want to be a watermelon",
        p256dh="BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcx"
        "aOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        auth="BTBZMqHH6r4Tts7J_aSIgg",
        salt=push.to_bytes("DGv6ra1nlYgDCS1FRnbzlw"),
        sender=ec.derive_private_key(int.from_bytes(sender, "big"), push.CURVE),
    )
    assert push.to_text(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
        "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
        "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


def test_what_arrives_is_read_by_the_browser_alone(service):
    browser = Browser()
    send(f"{service.address}/one?two=3", browser)
    (received,) = service.received
    assert received.path == "/one?two=3"
    assert browser.message(received.body) == {"title": "A reminder – é"}
    assert "reminder" not in str(received.body)
    assert received.headers["content-encoding"] == "aes128gcm"
    assert received.headers["ttl"] == "7200"
    assert received.headers["topic"] == "t" * 32


def test_the_senders_mark_is_signed_with_our_key(service):
    send(f"{service.address}/one")
    mark = service.received[0].headers["authorization"]
    token, key = mark.removeprefix("vapid t=").split(", k=")
    assert key == push.public_key()
    signed, _, signature = token.rpartition(".")
    raw = push.to_bytes(signature)
    numbers = [int.from_bytes(half, "big") for half in (raw[:32], raw[32:])]
    point = ec.EllipticCurvePublicKey.from_encoded_point(push.CURVE, push.to_bytes(key))
    point.verify(encode_dss_signature(*numbers), signed.encode(), ec.ECDSA(SHA256()))
    head, claims = (json.loads(push.to_bytes(part)) for part in signed.split("."))
    assert head == {"typ": "JWT", "alg": "ES256"}
    assert claims["aud"] == service.address
    assert claims["exp"] == int((AT + timedelta(hours=12)).timestamp())
    assert claims["sub"].startswith("mailto:")


@pytest.mark.parametrize("status", [404, 410])
def test_a_subscription_that_is_gone_is_told_apart(service, status):
    service.status = status
    with pytest.raises(push.SubscriptionGone):
        send(f"{service.address}/one")


@pytest.mark.parametrize("status", [400, 403, 413, 429, 500, 503])
def test_a_refusal_is_a_failure(service, status):
    service.status = status
    with pytest.raises(push.PushRefused) as refusal:
        send(f"{service.address}/one")
    assert not isinstance(refusal.value, push.SubscriptionGone)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_is_followed(service, status):
    service.status, service.location = status, f"{service.address}/elsewhere"
    with pytest.raises(push.PushRefused):
        send(f"{service.address}/one")
    assert [received.path for received in service.received] == ["/one"]


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example/1",
        "ftp://push.example/1",
        "https://user:password@push.example/1",
        "https:///1",
        "https://push.example:99999/1",
        "https://[::1/1",
        "nonsense",
        "",
    ],
)
def test_what_is_not_an_address_of_a_push_service_is_refused(endpoint):
    assert not push.looks_right(endpoint)
    with pytest.raises(push.EndpointRefused):
        push.resolve(endpoint)


def pointing_at(*addresses: str):
    """What a resolver answers when a host name points at these addresses."""
    return lambda *args, **kwargs: [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses
    ]


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["::1"],
        ["10.0.0.5"],
        ["172.16.3.4"],
        ["192.168.1.1"],
        ["169.254.169.254"],
        ["100.64.0.1"],
        ["0.0.0.0"],  # noqa: S104
        ["224.0.0.1"],
        ["fd00::1"],
        ["fe80::1%eth0"],
        ["::ffff:127.0.0.1"],
        ["::ffff:10.0.0.1"],
        ["2002:7f00:1::"],
        ["93.184.215.14", "10.0.0.5"],
    ],
)
def test_a_host_that_points_into_our_network_is_refused(monkeypatch, addresses):
    monkeypatch.setattr(socket, "getaddrinfo", pointing_at(*addresses))
    monkeypatch.setattr(socket, "create_connection", pytest.fail)
    with pytest.raises(push.EndpointRefused):
        send("https://push.example/1")


def test_a_name_is_looked_up_once_and_its_very_address_is_used(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", pointing_at("93.184.215.14"))
    tried = []

    def refuse(address, timeout):
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)
    with pytest.raises(ConnectionRefusedError):
        send("https://push.example/1")
    assert tried == [("93.184.215.14", 443)]


@pytest.mark.parametrize(
    ("p256dh", "auth", "is_one"),
    [
        (Browser().p256dh, Browser().auth, True),
        ("", "", False),
        ("AAAA", Browser().auth, False),
        (Browser().p256dh, "AAAA", False),
        ("é" * 87, Browser().auth, False),
        (push.to_text(b"\x04" + bytes(64)), Browser().auth, False),
    ],
    ids=["right", "nothing", "no point", "short secret", "no letters", "off the curve"],
)
def test_keys_have_to_be_a_browsers(p256dh, auth, is_one):
    assert push.is_a_key(p256dh, auth) is is_one


def test_without_a_key_there_are_no_messages(settings):
    assert push.is_set_up()
    settings.VAPID_PRIVATE_KEY = ""
    assert not push.is_set_up()
