"""Requests made up from what each view asks for: its forms, its buttons, and every key it reads.

A view is first looked at and sent an empty form, while we write down which fields it reads and
which forms its page offers. From these come requests that are right but for a few fields.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import quote, urlencode, urlsplit

import pytest
from django.http import HttpResponse, QueryDict
from django.test import Client
from django.urls import Resolver404, resolve
from hypothesis import strategies as st

from portal.access import WHO_HEADER

SKIPPED = {"csrfmiddlewaretoken"}
HOSTILE = [
    "",
    " ",
    "\0",
    "a\0b",
    "\u200b",
    "\u202eevil",
    "\ufeff",
    "\ud800",
    "💥" * 50,
    "İı",
    "e\u0301" * 100,
    "x" * 5_000,
    "9" * 400,
    "0",
    "-1",
    "-0",
    "1e309",
    "NaN",
    "Infinity",
    "1_000",
    "٣",
    "²",
    "0x10",
    "1.5",
    str(2**31),
    str(2**63),
    str(2**64),
    "0000-00-00",
    "9999-12-31",
    "0001-01-01",
    "10000-01-01",
    "2026-02-30",
    "24:00",
    "00:00:60",
    "true",
    "null",
    "[]",
    "{}",
    "[1, 2]",
    '{"a": 1}',
    "'",
    '"><script>alert(1)</script>',
    "{{7*7}}",
    "{% load x %}",
    "%s%n",
    "'; DROP TABLE patients_patient; --",
    "../../etc/passwd",
    "=HYPERLINK(1)",
    "a\r\nB: c",
    "//evil.example",
    "https://evil.example/",
    "00000000-0000-0000-0000-000000000000",
    "publish",
    "remove-999999",
    "remove--1",
    "up-0",
    "add-",
    ",",
    "1,2,",
]
STRANGE_NAMES = [
    "",
    "id",
    "pk",
    "clinic",
    "clinic_id",
    "patient",
    "user",
    "role",
    "is_staff",
    "is_superuser",
    "version",
    "do",
    "next",
    "page",
    "before",
    "who",
    "q",
    "form-TOTAL_FORMS",
    "form-INITIAL_FORMS",
    "form-0-id",
    "__proto__",
    "a\0b",
    "[]",
    "x" * 300,
]
KEYS = ["0", "1", str(2**31), str(2**63 - 1), str(2**63), "9" * 40, "007", "٣"]


@dataclass
class Site:
    """One view as one person reaches it."""

    name: str
    path: str
    browser: Client
    takes_posts: bool = False
    who: str = ""
    values: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    forms: list[list[tuple[str, str]]] = field(default_factory=list)


@dataclass(frozen=True)
class Sent:
    """A request, printed whole when it breaks something."""

    method: str
    path: str
    query: str
    body: bytes
    content_type: str
    headers: dict[str, str]

    def by(self, browser: Client) -> HttpResponse:
        # A test client takes no more than this for the path: the rest a server decodes for Django.
        return browser.generic(
            self.method,
            self.path,
            self.body,
            self.content_type,
            headers=self.headers,
            QUERY_STRING=self.query,
        )


class Forms(HTMLParser):
    """The forms of a page: where each goes, and what it sends as it stands."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, list[tuple[str, str]]]] = []
        self.values: dict[str, set[str]] = defaultdict(set)
        self.select = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        told = {key: value or "" for key, value in attributes}
        name, value = told.get("name", ""), told.get("value", "")
        if tag == "form":
            self.found.append((told.get("action", ""), []))
        elif tag == "select":
            self.select = name
        elif tag == "option" and self.select:
            self.values[self.select].add(value)
            if "selected" in told:
                self._sends(self.select, value)
        elif tag in {"input", "button", "textarea"} and name:
            if tag != "textarea":
                self.values[name].add(value)
            is_button = tag == "button" or told.get("type") == "submit"
            is_off = told.get("type") in {"checkbox", "radio"} and "checked" not in told
            if not is_button and not is_off:
                self._sends(name, value)
        if tag == "button" and "formaction" in told:
            self.found.insert(
                0, (told["formaction"], list(self.found[-1][1] if self.found else []))
            )

    def _sends(self, name: str, value: str) -> None:
        if self.found and name not in SKIPPED:
            self.found[-1][1].append((name, value))


@contextmanager
def keys_read() -> Iterator[set[str]]:
    """The names that views and forms look for in what was sent to them."""
    asked: set[str] = set()

    def noting(method: str):
        original = getattr(QueryDict, method)

        def noted(self, key, *more):
            if isinstance(key, str):
                asked.add(key)
            return original(self, key, *more)

        return noted

    with pytest.MonkeyPatch.context() as patch:
        for method in ("__getitem__", "getlist", "__contains__"):
            patch.setattr(QueryDict, method, noting(method), raising=False)
        yield asked


def learn(site: Site, others: dict[str, list[Site]]) -> None:
    """Look at the page and send it nothing; tell the views that its forms go to what they send."""
    with keys_read() as keys:
        page = site.browser.get(site.path)
        site.takes_posts = site.browser.post(site.path).status_code != 405
    for key in keys - SKIPPED:
        site.values[key].add("")
    if not page.headers.get("Content-Type", "").startswith("text/html"):
        return
    parser = Forms()
    parser.feed(page.content.decode())
    for action, sent in parser.found:
        name = _name_of(action) if action else site.name
        for other in others.get(name, []):
            other.forms.append(sent)
            for key, values in parser.values.items():
                if key not in SKIPPED:
                    other.values[key] |= values


def _name_of(address: str) -> str:
    try:
        return resolve(urlsplit(address).path).view_name
    except Resolver404:
        return ""


def requests(site: Site) -> st.SearchStrategy[Sent]:
    names = sorted(site.values)
    name = st.sampled_from([*names * 3, *STRANGE_NAMES] if names else STRANGE_NAMES)
    path = st.just(site.path) | _strange_path(site.path)
    headers = st.sampled_from(
        [{}, {"HX-Request": "true"}, {WHO_HEADER: site.who}, {"Accept-Language": "ar"}]
    )

    @st.composite
    def pairs(draw: st.DrawFn) -> list[tuple[str, str]]:
        """A form as it stands, a few of its fields changed, left out, doubled or added."""
        sent = list(draw(st.sampled_from([[], *site.forms])))
        if not sent and names:
            sent = [(key, draw(_value(site, key))) for key in draw(_some(names))]
        for _ in range(draw(st.integers(0, 5))):
            key, do = (
                draw(name),
                draw(st.sampled_from(["change", "change", "leave", "double", "add"])),
            )
            if do in {"change", "leave"}:
                sent = [pair for pair in sent if pair[0] != key]
            if do != "leave":
                sent.append((key, draw(_value(site, key))))
        return sent

    @st.composite
    def sent(draw: st.DrawFn) -> Sent:
        query = _encoded(draw(pairs())) if not site.takes_posts or draw(_rarely) else ""
        method = "POST" if site.takes_posts and not draw(_rarely) else "GET"
        body, kind = b"", "application/x-www-form-urlencoded"
        if method == "POST":
            body, kind = draw(_body(pairs()))
        return Sent(method, draw(path), query, body, kind, draw(headers))

    return sent()


_deed = st.sampled_from(["change", "change", "leave", "double", "add"])
_rarely = st.sampled_from([False] * 5 + [True])
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


def _some(names: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), max_size=12)


def _value(site: Site, key: str) -> st.SearchStrategy[str]:
    known = sorted(site.values.get(key, ()))
    strange = st.sampled_from(HOSTILE) | st.text(max_size=30) | st.integers().map(str)
    strange |= st.dates().map(str) | st.times().map(str) | st.floats().map(str)
    return (st.sampled_from(known) | strange) if known else strange


def _strange_path(path: str) -> st.SearchStrategy[str]:
    """The same address about another row, or about none."""
    parts = path.split("/")
    numbers = [index for index, part in enumerate(parts) if part.isdigit()]
    if not numbers:
        return st.just(path)

    def with_key(key: str) -> str:
        return "/".join([*parts[: numbers[0]], quote(key), *parts[numbers[0] + 1 :]])

    return st.sampled_from([path, path, path, *map(with_key, KEYS)])


def _encoded(pairs: list[tuple[str, str]]) -> str:
    return urlencode(pairs, errors="surrogatepass")


@st.composite
def _body(draw: st.DrawFn, pairs: st.SearchStrategy[list[tuple[str, str]]]) -> tuple[bytes, str]:
    kind = draw(st.sampled_from(["form"] * 8 + ["multipart", "file", "json", "bytes"]))
    if kind == "form":
        return _encoded(draw(pairs)).encode(), "application/x-www-form-urlencoded"
    if kind == "json":
        body = json.dumps(draw(_json)).encode()
        return body + draw(st.sampled_from([b"", b"\xff", b"\\ud800"])), "application/json"
    if kind == "bytes":
        types = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain", "x"]
        return draw(st.binary(max_size=60)), draw(st.sampled_from(types))
    parts = []
    for key, value in draw(pairs):
        file = '; filename="x.html"' if kind == "file" else ""
        name = key.replace('"', "").replace("\r", "").replace("\n", "")
        head = f'--BOUND\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
        parts.append((head + value + "\r\n").encode(errors="surrogatepass"))
    return b"".join([*parts, b"--BOUND--\r\n"]), "multipart/form-data; boundary=BOUND"
