"""A push service on this computer, and a browser that reads what it is sent."""

import json
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from prescriptions import push


@dataclass
class Received:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class PushService:
    """Answers with `status`, and keeps what it took."""

    address: str = ""
    status: int = 201
    location: str = ""
    received: list[Received] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)


@contextmanager
def push_service() -> Iterator[PushService]:
    service = PushService()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            with service.lock:
                service.received.append(Received(self.path, headers, body))
            self.send_response(service.status)
            if service.location:
                self.send_header("Location", service.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.address = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Browser:
    """Has the keys of one subscription."""

    def __init__(self, key: ec.EllipticCurvePrivateKey | None = None, auth: bytes = b"a" * 16):
        self.key, self.auth_secret = key or ec.generate_private_key(push.CURVE), auth

    @property
    def p256dh(self) -> str:
        return push.to_text(push.point_of(self.key.public_key()))

    @property
    def auth(self) -> str:
        return push.to_text(self.auth_secret)

    def read(self, body: bytes) -> bytes:
        """RFC 8291 from the receiving end."""
        salt, (_, length) = body[:16], struct.unpack("!IB", body[16:21])
        sender, sealed = body[21 : 21 + length], body[21 + length :]
        point = ec.EllipticCurvePublicKey.from_encoded_point(push.CURVE, sender)
        shared = self.key.exchange(ec.ECDH(), point)
        mine = push.point_of(self.key.public_key())

        def derived(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
            return HKDF(SHA256(), length, salt, info).derive(secret)

        keyed = derived(self.auth_secret, shared, b"WebPush: info\0" + mine + sender, 32)
        key = derived(salt, keyed, b"Content-Encoding: aes128gcm\0", 16)
        nonce = derived(salt, keyed, b"Content-Encoding: nonce\0", 12)
        opened = AESGCM(key).decrypt(nonce, sealed, None)
        assert opened.endswith(b"\x02")
        return opened[:-1]

    def message(self, body: bytes) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.read(body))
        return found
