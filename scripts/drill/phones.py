"""Phones that send logs until each is acknowledged, through the same door as those of patients."""

import http.client
import json
import queue
import re
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlencode
from uuid import uuid4

OUTBOX = "/my/outbox/"
TAKEN = {"stored", "known"}
# The answer to every so-manieth item never arrives: the phone cannot know, and sends it again.
ANSWER_LOST_EVERY = 20
PAUSE = 0.2  # seconds before an item is sent again
TIMEOUT = 30  # seconds
DAY = 86_400_000  # milliseconds


@dataclass
class Phone:
    link: str
    edition: int
    lines: list[int]
    who: str = ""
    cookies: dict[str, str] = field(default_factory=dict)

    def sign_in(self, port: int) -> None:
        """Open the link as a patient does: look at it, press the button."""
        page = self._ask(port, "GET", self.link)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        self._ask(port, "POST", self.link, {"csrfmiddlewaretoken": token[1] if token else ""})
        found = re.search(r'data-who="([0-9a-f]{16})"', self._ask(port, "GET", "/my/"))
        if found is None:
            raise RuntimeError("A phone could not sign in.")
        self.who = found[1]

    def headers(self) -> dict[str, str]:
        kept = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        form = "application/x-www-form-urlencoded"
        return {"Cookie": kept, "Bearing-Who": self.who, "Content-Type": form}

    def item(self, key: str, place: int) -> dict[str, object]:
        """A session in which all was done, some time in the last weeks."""
        now = int(time.time() * 1000)
        sent: dict[str, object] = {
            "client_uuid": key,
            "edition": self.edition,
            "answer": "none",
            "line": self.lines,
            "tapped_at": now - place % 100 * DAY,
            "sent_at": now,
            "utc_offset": 0,
        }
        for line in self.lines:
            sent |= {f"line{line}-outcome": "done", f"line{line}-any_pain": "none"}
        return sent

    def _ask(self, port: int, method: str, path: str, data: dict[str, str] | None = None) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
        try:
            body = urlencode(data) if data else None
            headers = (
                {**self.headers(), "Origin": f"http://127.0.0.1:{port}"}
                if data
                else {"Cookie": self.headers()["Cookie"]}
            )
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            for line in answer.headers.get_all("Set-Cookie") or []:
                self.cookies |= {name: one.value for name, one in SimpleCookie(line).items()}
            return answer.read().decode()
        finally:
            connection.close()


class Phones:
    """Sends `writes` logs from all phones at once; each is sent until it is acknowledged.

    With `keyed` off a log has another key each time it is sent: what a careless program does.
    """

    def __init__(self, phones: list[Phone], port: int, *, writes: int, keyed: bool = True) -> None:
        self._phones, self._port, self._keyed = phones, port, keyed
        self._waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
        for number in range(writes):
            self._waiting.put(number)
        self._lock = threading.Lock()
        self.acknowledged: set[str] = set()
        self.acknowledged_at = 0.0
        self.sent_again = 0
        self.refused: list[str] = []
        self._threads: list[threading.Thread] = []

    def start(self, at_once: int) -> None:
        for start in range(at_once):
            mine = self._phones[start::at_once]
            self._threads.append(threading.Thread(target=self._send, args=[mine], daemon=True))
        for thread in self._threads:
            thread.start()

    @property
    def are_done(self) -> bool:
        return not any(thread.is_alive() for thread in self._threads)

    def wait(self, until: float) -> None:
        for thread in self._threads:
            thread.join(max(0, until - time.monotonic()))

    def _send(self, phones: list[Phone]) -> None:
        connection = None
        while True:
            try:
                number = self._waiting.get_nowait()
            except queue.Empty:
                return
            phone, key = phones[number % len(phones)], str(uuid4())
            may_lose = number % ANSWER_LOST_EVERY == 0
            while True:
                connection = connection or self._connection()
                answer = _post(connection, phone, key, number, loses_answer=may_lose)
                if answer is None:
                    connection.close()
                    connection, may_lose = None, False
                    with self._lock:
                        self.sent_again += 1
                    if not self._keyed:
                        key = str(uuid4())
                    time.sleep(PAUSE)
                elif answer[0] == 200 and answer[1] in TAKEN:
                    with self._lock:
                        self.acknowledged.add(key)
                        self.acknowledged_at = time.monotonic()
                    break
                elif answer[0] >= 500 or answer[0] == 429:
                    with self._lock:
                        self.sent_again += 1
                    time.sleep(PAUSE)
                else:
                    with self._lock:
                        self.refused.append(f"{answer}")
                    break

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT)


def _post(
    connection: http.client.HTTPConnection,
    phone: Phone,
    key: str,
    number: int,
    *,
    loses_answer: bool,
) -> tuple[int, str] | None:
    """Status and result; None when no answer has come."""
    body = urlencode(phone.item(key, number), doseq=True)
    try:
        connection.request("POST", OUTBOX, body, phone.headers())
        answer = connection.getresponse()
        said = answer.read()
    except (OSError, http.client.HTTPException):
        return None
    if loses_answer:
        return None
    try:
        return answer.status, json.loads(said)["result"]
    except (ValueError, KeyError, TypeError):
        return answer.status, said[:80].decode(errors="replace")


def phones_of(told: Iterable[dict[str, object]], port: int) -> list[Phone]:
    made = [Phone(**one) for one in told]  # type: ignore[arg-type]
    for phone in made:
        phone.sign_in(port)
    return made
