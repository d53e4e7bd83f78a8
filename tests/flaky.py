"""A road to a server that can be cut, or lose what goes over it."""

import random
import socket
import threading
from collections.abc import Callable
from contextlib import closing, suppress

LOGIN_PAGE = b"<!doctype html><title>Welcome to the hotel</title><p>Please sign in.</p>"
OUTBOX = "/my/outbox/"
Answer = Callable[[], bytes]


def page(status: str, body: bytes = b"") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"Connection: close\r\n\r\n" + body


class Road:
    """Carries requests from one port to another, one per connection.

    `spoil` may answer a request to the outbox itself, before or after the server has had it; an
    empty answer is a connection that breaks.
    """

    def __init__(self, to: int) -> None:
        self.to = to
        self.spoil: Callable[[Answer], bytes] | None = None
        self.items: list[bytes] = []  # what was sent to the outbox and came this far
        self.listener: socket.socket | None = None
        self.port = 0
        self.open()

    def open(self) -> None:
        """Listen, always on the same port."""
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", self.port))
        self.listener.listen(64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._take, args=(self.listener,), daemon=True).start()

    def cut(self) -> None:
        """From now on the browser finds no server at all."""
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _take(self, listener: socket.socket) -> None:
        while True:
            try:
                visitor, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(visitor,), daemon=True).start()

    def _carry(self, visitor: socket.socket) -> None:
        with closing(visitor), suppress(OSError):
            request = self._read(visitor)
            if not request:
                return
            is_item = request.startswith(f"POST {OUTBOX} ".encode())
            if is_item:
                self.items.append(request.partition(b"\r\n\r\n")[2])
            answer = lambda: self._ask(request)  # noqa: E731
            visitor.sendall(self.spoil(answer) if is_item and self.spoil else answer())

    def _read(self, visitor: socket.socket) -> bytes:
        """A whole request, asking the server to close after it."""
        got = b""
        while b"\r\n\r\n" not in got:
            more = visitor.recv(65536)
            if not more:
                return b""
            got += more
        head, _, body = got.partition(b"\r\n\r\n")
        lines = [
            line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")
        ]
        length = next(
            (int(line[15:]) for line in lines if line.lower().startswith(b"content-length:")), 0
        )
        while len(body) < length and (more := visitor.recv(65536)):
            body += more
        return b"\r\n".join([*lines, b"Connection: close"]) + b"\r\n\r\n" + body

    def _ask(self, request: bytes) -> bytes:
        answer = b""
        with closing(socket.create_connection(("127.0.0.1", self.to))) as server:
            server.sendall(request)
            while more := server.recv(65536):
                answer += more
        return answer


def losing(share: float, seed: int = 1) -> Callable[[Answer], bytes]:
    """Lose this share of all items: half of them before the server has them, half after."""
    dice = random.Random(seed)

    def spoil(answer: Answer) -> bytes:
        if dice.random() >= share:
            return answer()
        before = dice.choice([True, False])
        broken = dice.choice([b"", page("500 Internal Server Error", b"<h1>Oops</h1>")])
        if not before:
            answer()
        return broken

    return spoil
