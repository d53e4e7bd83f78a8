"""Hostile requests, class by class, against the application as a browser or a script reaches it.

Every class asks through a `Target`: the test client, or a web server over HTTP. Whatever is asked,
no answer may be 500 or hold a word of the other clinic, and no row of the other clinic changes.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol
from urllib.parse import urlencode, urlsplit

from django.apps import apps
from django.conf import settings
from django.urls import reverse

from clinics.models import Membership, User
from patients.models import Patient
from tests.fuzzing import Site, learn
from tests.test_doors import ABOUT, ALLAUTH, door_of, walk
from tests.worlds import World, address, as_before

SECRET = "Xylophone"  # in every text of the other clinic
PAYLOAD = '"><img src=x onerror=xss7><script>xss7</script>'
RUNS = re.compile(r"<img src=x|<script>xss7")
FORMULAS = ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "＝1"]
TEXTS = [PAYLOAD, *FORMULAS, "\0", "\ud800", "\u202e", "\u200b", "é" * 20_000, "{{7*7}}", "../../x"]
ELSEWHERE = [
    "//evil.example",
    "https://evil.example",
    "https:evil.example",
    "\\\\evil.example",
    "/\\evil.example",
    "/%2f%2fevil.example",
    "%2f%2fevil.example",
    "javascript:alert(1)",
    "http:///evil.example",
    " //evil.example",
    "/\t/evil.example",
    "//evil.example@localhost",
]
ROLES = ["admin", "therapist", "assistant"]
TOKEN = "a" * 32  # as good a CSRF secret as any: a browser sends the same in cookie and form


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]  # names in lower case
    text: str
    cookies: Mapping[str, str]


class Target(Protocol):
    def ask(
        self,
        who: str,
        method: str,
        path: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        cookies: Mapping[str, str] | None = None,
        has_token: bool = True,
    ) -> Answer: ...

    def unchanged(self) -> AbstractContextManager[None]:
        """Nothing that happens meanwhile may change a row of the other clinic."""


@dataclass
class Field:
    """Where the attacks happen, and what came of them."""

    here: World
    target: Target
    sites: Sequence[Site]
    asked: int = 0
    breaches: list[str] = field(default_factory=list)

    def ask(self, who: str, method: str, path: str, **more: object) -> Answer:
        answer = self.target.ask(who, method, path, **more)  # type: ignore[arg-type]
        self.asked += 1
        here = f"{method} {path} as {who}"
        self.holds(answer.status < 500, f"{here}: {answer.status}")
        self.holds(SECRET not in answer.text + str(answer.headers), f"{here}: another clinic")
        is_page = answer.headers.get("content-type", "").startswith("text/html")
        self.holds(not (is_page and RUNS.search(answer.text)), f"{here}: a script would run")
        return answer

    def post(self, who: str, path: str, pairs: Sequence[tuple[str, str]], **more: object) -> Answer:
        body = urlencode(pairs, errors="surrogatepass").encode()
        return self.ask(who, "POST", path, body=body, **more)

    def holds(self, is_so: bool, otherwise: str) -> None:
        if not is_so:
            self.breaches.append(otherwise)

    def of(self, who: str) -> Iterator[Site]:
        """The pages that this person may send something to."""
        for site in self.sites:
            is_theirs = door_of(site.name) == ("patient" if who == "patient" else "staff")
            if is_theirs and site.takes_posts:
                yield site


def sites_of(here: World) -> list[Site]:
    """Every page of ours, looked at once, so that we know what it asks for."""
    found = []
    for name, entry in walk():
        if name.startswith(ALLAUTH):
            continue
        who = "patient" if door_of(name) in {"patient", "anyone"} else "admin"
        path = here.links.get(name) or address(name, entry, here.own)
        found.append(Site(name, path, here.people[who]))
    by_name = {site.name: [site] for site in found}
    for site in found:
        with as_before(site.browser):
            learn(site, by_name)
    return found


def rows_of_others(to: Field) -> None:
    """Every address about a row, aimed at the other clinic, by everybody of ours."""
    for name, entry in walk():
        if name not in ABOUT:
            continue
        path = address(name, entry, to.here.others)
        for who in [*ROLES, "patient", "no clinic", "ended", "nobody"]:
            for method in ("GET", "POST", "PUT", "DELETE") if who == "admin" else ("GET", "POST"):
                status = to.ask(who, method, path).status
                to.holds(status in {302, 401, 403, 404, 405}, f"{method} {path} as {who}: {status}")


def fields_nobody_asked_for(to: Field) -> None:
    """Every field name of every model, with what an attacker would like it to be, in every form."""
    ours = {"clinics", "exercises", "patients", "prescriptions"}
    names = {
        told
        for model in apps.get_models()
        if model._meta.app_label in ours
        for one in model._meta.concrete_fields
        for told in (one.name, one.attname)
    }
    wanted = {"role": "admin", "is_active": "on", "is_superuser": "on", "is_staff": "on"}
    wanted |= {"clinic": str(to.here.theirs.pk), "clinic_id": str(to.here.theirs.pk)}
    wanted |= dict.fromkeys(["patient", "patient_id"], str(to.here.others.keys[Patient]))
    for who in [*ROLES, "patient"]:
        for site in to.of(who):
            read = set(site.values)
            extra = [(name, wanted.get(name, "1")) for name in sorted(names - read)]
            extra += [(name, value) for name, value in wanted.items() if name not in names]
            with to.target.unchanged():
                for form in site.forms[:1] or [[]]:
                    to.post(who, site.path, [*form, *extra])


def keys_of_others(to: Field) -> None:
    """Every field that holds a key of ours, with a key of the other clinic instead."""
    foreign = sorted({str(key) for key in to.here.others.keys.values()})
    for who in ("admin", "patient"):
        for site in to.of(who):
            form = site.forms[0] if site.forms else []
            held = {name for name, value in form if value.isdigit()} | {
                name for name, values in site.values.items() if any(v.isdigit() for v in values)
            }
            with to.target.unchanged():
                for name in sorted(held)[:6]:
                    rest = [pair for pair in form if pair[0] != name]
                    for key in foreign[:2]:
                        to.post(who, site.path, [*rest, (name, key)])


def texts(to: Field) -> None:
    """Scripts, formulas, NUL, lone surrogates, bidi controls and great lengths in every field."""
    for who in ("admin", "patient"):
        for site in to.of(who):
            form = site.forms[0] if site.forms else []
            names = sorted(site.values)[:40]
            with to.target.unchanged():
                for text in TEXTS:
                    kept = [pair for pair in form if pair[0] in {"version", "client_uuid", "who"}]
                    to.post(who, site.path, [*kept, *((name, text) for name in names)])


def bodies(to: Field) -> None:
    """Bodies that are too large, of too many fields, or not what they say they are."""
    large = b"a=" + b"x" * 1_500_000
    many = urlencode([(f"a{number}", "") for number in range(3_000)]).encode()
    kinds = {"Content-Type": "application/json"}
    for who in ("admin", "patient", "nobody"):
        for path in ("/patients/new/", "/my/messages/", "/accounts/sign-in/", "/my/outbox/"):
            for body in (large, many):
                status = to.ask(who, "POST", path, body=body).status
                to.holds(
                    status != 200 or who == "nobody", f"{path} as {who} took {len(body)} bytes"
                )
            for body in (b"\xff\xfe", b"[" * 5_000, b'{"a": "\\ud800"}'):
                to.ask(who, "POST", path, body=body, headers=kinds)


def redirects(to: Field) -> None:
    """Addresses to go on to, elsewhere."""
    site_url = urlsplit(settings.SITE_URL).netloc
    for path in (reverse("account_login"), reverse("clinics:choose"), reverse("account_logout")):
        for who in ("admin", "nobody"):
            for following in ELSEWHERE:
                query = urlencode({"next": following})
                member = ("membership", "1")
                for answer in (
                    to.ask(who, "GET", f"{path}?{query}"),
                    to.post(who, f"{path}?{query}", [member, ("next", following)]),
                ):
                    to.holds(_stays(answer, site_url), f"{path} goes to {following}")


def _stays(answer: Answer, site_url: str) -> bool:
    """As browsers read it: they skip spaces and tabs, and take a backslash for a slash."""
    address = re.sub(r"[\s]", "", answer.headers.get("location", "")).replace("\\", "/")
    parts = urlsplit(address)
    return not (parts.scheme or parts.netloc) or parts.netloc in {site_url, "testserver"}


def hosts(to: Field) -> None:
    """Host headers of somebody else: refused, or not believed."""
    email = to.here.people["admin"].user.email
    for headers in (
        {"Host": "evil.example"},
        {"Host": "evil.example:80"},
        {"X-Forwarded-Host": "evil.example"},
        {"Forwarded": "host=evil.example"},
        {"X-Host": "evil.example", "X-Forwarded-Server": "evil.example"},
    ):
        for who, path in (
            ("nobody", reverse("account_login")),
            ("admin", "/"),
            ("patient", "/my/"),
        ):
            answer = to.ask(who, "GET", path, headers=headers)
            to.holds("evil.example" not in answer.text + str(answer.headers), f"{path} {headers}")
            to.holds("Host" not in headers or answer.status == 400, f"{path} took {headers}")
        answer = to.post(
            "nobody", reverse("account_reset_password"), [("email", email)], headers=headers
        )
        to.holds("evil.example" not in answer.text + str(answer.headers), f"reset {headers}")


def methods(to: Field) -> None:
    """Methods that no page takes; TRACE would send cookies back to scripts."""
    for site in to.sites:
        for method in ("TRACE", "PROPFIND", "PURGE", "PATCH"):
            status = to.ask("admin", method, site.path).status
            to.holds(
                status in {302, 400, 401, 403, 404, 405, 501}, f"{method} {site.path}: {status}"
            )


def no_token(to: Field) -> None:
    """Forms of another site, which knows no token."""
    for who in ("admin", "patient"):
        for site in to.of(who):
            status = to.post(who, site.path, [("a", "b")], has_token=False).status
            to.holds(status in {401, 403}, f"POST {site.path} without a token: {status}")


def cookies(to: Field) -> None:
    """Cookies that somebody made up or changed."""
    for who, path in (("admin", "/"), ("patient", "/my/")):
        genuine = {key: morsel.value for key, morsel in to.here.people[who].cookies.items()}
        for name, value in genuine.items():
            forged = ["", "0", "x" * 5_000, "a:b:c", "1:1:1", value[:-1], value + "A", value[::-1]]
            forged += [
                f"{to.here.theirs.pk}:{to.here.others.keys[Patient]}:x",
                "\udcff"[:0] + "%00",
            ]
            for made_up in forged:
                answer = to.ask("nobody", "GET", path, cookies={name: made_up})
                to.holds(
                    answer.status in {302, 400, 401}, f"{path} opened for {name}={made_up[:20]}"
                )


def paths(to: Field) -> None:
    """Addresses that climb out, or are no text."""
    for path in (
        "/static/../config/settings.py",
        "/static/%2e%2e/config/settings.py",
        "/static/..%2f..%2fetc/passwd",
        "/.git/config",
        "/%00",
        "/my/%ff/",
        "/patients/%F0%9F%92%A5/",
        "/my/calendar/%2e%2e%2f.ics",
        "/my/enter/" + "x" * 3_000 + "/",
        "/patients/" + "9" * 300 + "/",
        "/exercises/learn/%22%3E%3Cimg%20src=x%20onerror=xss7%3E/",
        "/?q=%00&page=%00&before=%00",
        "/?page=" + "9" * 400,
        "/my/logs/?before=" + "9" * 400,
    ):
        for who in ("admin", "patient", "nobody"):
            status = to.ask(who, "GET", path).status
            to.holds(status != 200 or "?" in path, f"{path} as {who}: {status}")


ATTACKS: list[Callable[[Field], None]] = [
    rows_of_others,
    fields_nobody_asked_for,
    keys_of_others,
    texts,
    bodies,
    redirects,
    hosts,
    methods,
    no_token,
    cookies,
    paths,
]


def privileges() -> set[tuple[object, ...]]:
    """Who may do what; for a login that sees every clinic."""
    members = Membership.objects.values_list("clinic", "user", "role", "ended_at")
    return {*members, *User.objects.values_list("pk", "is_active", "email")}
