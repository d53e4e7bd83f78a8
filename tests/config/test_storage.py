"""Static files as they are collected: hashed by name, also where modules import each other."""

import json
import re

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.test import Client, override_settings

HASHED = re.compile(r"\.[0-9a-f]{12}\.js$")


@pytest.fixture(scope="module")
def collected(tmp_path_factory):
    """The folder that collectstatic has filled, and the hashed name of each file."""
    root = tmp_path_factory.mktemp("static")
    storages = {"staticfiles": {"BACKEND": "config.storage.HashedStorage"}}
    with override_settings(STORAGES=storages, STATIC_ROOT=root):
        call_command("collectstatic", interactive=False, verbosity=0)
    manifest = json.loads((root / "staticfiles.json").read_text())
    assert staticfiles_storage.url("x.js") == "/static/x.js", "the suite's own storage is back"
    return root, manifest["paths"]


@pytest.mark.parametrize("folder", ["js", "portal"])
def test_a_module_imports_others_by_their_hashed_names(collected, folder):
    root, names = collected
    found = 0
    for name, hashed in names.items():
        if not name.startswith(f"{folder}/") or not name.endswith(".js"):
            continue
        source = (root / hashed).read_text()
        for imported in re.findall(r'from "(\./[^"]+)"', source):
            found += 1
            assert HASHED.search(imported), f"{name} imports {imported}"
            assert (root / folder / imported).exists()
    assert found


def test_a_changed_module_changes_the_names_of_those_that_import_it(collected):
    root, names = collected
    store = names["portal/outbox_store.js"].rpartition("/")[2]
    for name in ("portal/outbox_sender.js", "portal/offline.js", "portal/session.js"):
        assert store in (root / names[name]).read_text()


@pytest.mark.django_db
def test_a_file_whose_name_says_what_is_in_it_is_kept_for_ever_and_no_other(collected):
    root, names = collected
    storages = {"staticfiles": {"BACKEND": "config.storage.HashedStorage"}}
    serving = {"WHITENOISE_USE_FINDERS": False, "WHITENOISE_AUTOREFRESH": False}
    with override_settings(STORAGES=storages, STATIC_ROOT=root, **serving):
        client = Client()
        hashed = client.get(f"/static/{names['css/base.css']}")
        plain = client.get("/static/css/base.css")
    hashed.close()
    plain.close()
    assert "immutable" in hashed["Cache-Control"]
    assert "immutable" not in plain["Cache-Control"]
    assert "Access-Control-Allow-Origin" not in hashed.headers


def test_files_lie_ready_compressed(collected):
    root, names = collected
    assert (root / f"{names['css/base.css']}.gz").exists()
