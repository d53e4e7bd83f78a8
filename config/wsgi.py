import os
from io import StringIO

from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()
# A database login that could step over the walls between clinics must not serve a single page.
call_command("check", databases=["default"], stdout=StringIO())
