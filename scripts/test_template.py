"""Make the database that every process of the suite copies: python -m scripts.test_template

scripts/test.py starts it beside pytest, whose processes list 8,000 tests before they need one.
"""

import os

import django
import pytest  # noqa: F401 - by it the settings know that these are tests

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    os.environ["BEARING_LOGIN"] = "migrator"
    django.setup()
    from tests import template_database

    template_database.make()
