"""Messages to phones: Web Push with its encryption (RFC 8291) and its sender's mark (RFC 8292).

A push service is named by the browser, so its address is not trusted: it has to be a public host
by HTTPS, it is connected to at the very address that was looked at, and no redirect is followed.
"""

import ipaddress
import json
import os
import socket
import ssl
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parseaddr
from http.client import HTTPConnection, HTTPSConnection
from typing import NamedTuple
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

CURVE = ec.SECP256R1()
RECORD_SIZE = 4096  # bytes: what every push service takes
TIMEOUT = 10  # seconds
MARK_LASTS = timedelta(hours=12)
TAKEN = {200, 201, 202, 204}
GONE = {404, 410}


class PushRefused(Exception):
    """The push service did not take the message."""


class SubscriptionGone(PushRefused):
    """The browser has given its subscription up: nothing will ever arrive there."""


class EndpointRefused(PushRefused):
    """Not the address of a public push service."""


class Endpoint(NamedTuple):
    """Where to connect: the host by its name, and one of its addresses."""

    scheme: str
    host: str
    port: int
    address: str
    path: str


def send(
    *,
    endpoint: str,
    p256dh: str,
    auth: str,
    message: Mapping[str, str],
    topic: str,
    lasts: timedelta,
    at: datetime,
) -> None:
    """Hand one message to the push service; one with the same topic that still waits is replaced.

    Raises SubscriptionGone, EndpointRefused, PushRefused, or OSError when there is no answer.
    """
    where = resolve(endpoint)
    body = encrypt(json.dumps(message).encode(), p256dh=p256dh, auth=auth)
    headers = {
        "Authorization": senders_mark(f"{where.scheme}://{urlsplit(endpoint).netloc}", at=at),
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(max(0, int(lasts.total_seconds()))),
        "Topic": topic,
        "Urgency": "normal",
    }
    connection = _connection(where)
    try:
        connection.request("POST", where.path, body, headers)
        status = connection.getresponse().status
    finally:
        connection.close()
    if status in GONE:
        raise SubscriptionGone(str(status))
    if status not in TAKEN:
        raise PushRefused(str(status))


def looks_right(endpoint: str) -> bool:
    """Whether this could be the address of a push service, before its host is looked up."""
    try:
        _parts_of(endpoint)
    except EndpointRefused:
        return False
    return True


def resolve(endpoint: str) -> Endpoint:
    """Look the host up and choose an address of it. Raises EndpointRefused or OSError."""
    scheme, host, port, path = _parts_of(endpoint)
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(where[0]) for *_, where in found]
    # One private address among them is a trick: then none of them is used.
    if not all(_may_be_reached(address) for address in addresses):
        raise EndpointRefused("a push service is a public host")
    return Endpoint(scheme, host, port, addresses[0], path)


def _parts_of(endpoint: str) -> tuple[str, str, int, str]:
    schemes = {"https": 443} | ({"http": 80} if settings.PUSH_MAY_REACH_LOOPBACK else {})
    try:
        parts = urlsplit(endpoint)
        port = parts.port
    except ValueError:
        raise EndpointRefused("not an address") from None
    if parts.scheme not in schemes or not parts.hostname or "@" in parts.netloc:
        raise EndpointRefused("a push service is reached by https")
    path = parts.path + (f"?{parts.query}" if parts.query else "") or "/"
    return parts.scheme, parts.hostname, port or schemes[parts.scheme], path


def _may_be_reached(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        parsed = parsed.ipv4_mapped or parsed.sixtofour or parsed
    if parsed.is_loopback:
        return settings.PUSH_MAY_REACH_LOOPBACK
    return parsed.is_global and not parsed.is_multicast


def _connection(where: Endpoint) -> HTTPConnection:
    """Connected to the address that was looked at, while TLS still asks for the name."""
    raw = socket.create_connection((where.address, where.port), timeout=TIMEOUT)
    if where.scheme == "http":
        connection = HTTPConnection(where.host, where.port, timeout=TIMEOUT)
        connection.sock = raw
        return connection
    context = ssl.create_default_context()
    secure = HTTPSConnection(where.host, where.port, timeout=TIMEOUT, context=context)
    try:
        secure.sock = context.wrap_socket(raw, server_hostname=where.host)
    except BaseException:
        raw.close()
        raise
    return secure


def encrypt(
    message: bytes,
    *,
    p256dh: str,
    auth: str,
    salt: bytes | None = None,
    sender: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    """The body that only this browser can read (RFC 8291); salt and sender are new each time."""
    salt, sender = salt or os.urandom(16), sender or ec.generate_private_key(CURVE)
    browser, ours = to_bytes(p256dh), point_of(sender.public_key())
    shared = sender.exchange(
        ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, browser)
    )
    keyed = _derived(to_bytes(auth), shared, b"WebPush: info\0" + browser + ours, 32)
    key = _derived(salt, keyed, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(salt, keyed, b"Content-Encoding: nonce\0", 12)
    head = salt + struct.pack("!IB", RECORD_SIZE, len(ours)) + ours
    # The byte 2 says that this record is the last.
    return head + AESGCM(key).encrypt(nonce, message + b"\x02", None)


def senders_mark(audience: str, *, at: datetime) -> str:
    """The header by which a push service knows who sends (RFC 8292)."""
    key = private_key()
    claims = {
        "aud": audience,
        "exp": int((at + MARK_LASTS).timestamp()),
        "sub": f"mailto:{parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}",
    }
    parts = ({"typ": "JWT", "alg": "ES256"}, claims)
    signed = ".".join(to_text(json.dumps(part).encode()) for part in parts)
    numbers = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(SHA256())))
    signature = b"".join(number.to_bytes(32, "big") for number in numbers)
    return f"vapid t={signed}.{to_text(signature)}, k={public_key()}"


def is_set_up() -> bool:
    """Whether this installation can send messages to phones."""
    return bool(settings.VAPID_PRIVATE_KEY)


def public_key() -> str:
    """What a browser asks for when it subscribes, and binds the subscription to."""
    return to_text(point_of(private_key().public_key()))


def private_key() -> ec.EllipticCurvePrivateKey:
    number = int.from_bytes(to_bytes(settings.VAPID_PRIVATE_KEY), "big")
    return ec.derive_private_key(number, CURVE)


def new_private_key() -> str:
    """A key for VAPID_PRIVATE_KEY; with another one every phone has to subscribe anew."""
    number = ec.generate_private_key(CURVE).private_numbers().private_value
    return to_text(number.to_bytes(32, "big"))


def is_a_key(p256dh: str, auth: str) -> bool:
    """Whether a browser's keys are what they have to be: a point of the curve and 16 bytes."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(CURVE, to_bytes(p256dh))
        return len(to_bytes(auth)) == 16
    except ValueError:
        return False


def point_of(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def to_text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def to_bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _derived(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(secret)
