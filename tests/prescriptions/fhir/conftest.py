import pytest
from django.test import Client

from clinics.scopes import Scope
from tests import make


def system_of(clinic, *scopes: Scope) -> Client:
    """A system of the clinic that shows a token on each request; `client.token` is its row."""
    made = make.api_token(of=clinic, scopes=scopes or tuple(Scope), name="EHR")
    client = Client(headers={"Authorization": f"Bearer {made.secret}"})
    client.token = made.token
    return client


@pytest.fixture
def system(clinic) -> Client:
    return system_of(clinic)


def found(response) -> list[dict]:
    assert response.status_code == 200, response.content
    return [entry["resource"] for entry in response.json().get("entry", [])]


def next_of(response) -> str | None:
    """The address of the next page, without the host."""
    links = {link["relation"]: link["url"] for link in response.json()["link"]}
    return links["next"].partition("/fhir/")[2] if "next" in links else None
