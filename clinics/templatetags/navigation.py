"""Where the open page stands in the navigation: which entry is current, and whether it is the page
itself or one below it."""

from django.template import Library
from django.urls import ResolverMatch
from django.utils.safestring import SafeString, mark_safe

register = Library()

PAGE, BELOW, ELSEWHERE = (
    mark_safe(' aria-current="page"'),
    mark_safe(' aria-current="true"'),
    mark_safe(""),
)
# The entry of each page that does not stand below the entry of its app.
SECTIONS = {
    "home": "today",
    "prescriptions:snooze": "today",
    "patient": "patients",
    "patients": "patients",
    "clinics:choose": "",
    **dict.fromkeys(
        (
            "patients:erasures",
            "patients:certificate",
            "patients:measures",
            "patients:add_measure",
            "patients:measure",
        ),
        "clinic",
    ),
    **dict.fromkeys(
        (
            "exercises:education",
            "exercises:education_page",
            "exercises:education_translation",
            "exercises:sign_education",
        ),
        "learn",
    ),
}
OF_APP = {
    "clinics": "clinic",
    "exercises": "library",
    "patients": "patients",
    "prescriptions": "patients",
}
# The tabs of one patient by the words in an address; the first that is there decides.
TABS = (
    ("/direction/", "direction"),
    ("/progress/", "progress"),
    ("absences/", "progress"),
    ("measures/", "measures"),
    ("/messages/", "messages"),
    ("/monitoring/", "monitoring"),
    ("/record/", "record"),
    ("/erase/", "record"),
    ("/portal/", "portal"),
)
FIRST_OF = {
    "today": "home",
    "patients": "patients",
    "library": "exercises:library",
    "learn": "exercises:education",
    "overview": "patient",
    "direction": "patients:direction",
    "programme": "prescriptions:of_patient",
    "progress": "prescriptions:progress",
    "measures": "prescriptions:measures",
    "messages": "prescriptions:messages",
    "monitoring": "prescriptions:monitoring",
    "record": "patients:record",
    "portal": "patients:portal",
}


@register.filter
def in_section(here: ResolverMatch | None, entry: str) -> SafeString:
    """What an entry of the main navigation says of itself, as an attribute; nothing elsewhere."""
    if here is None:
        return ELSEWHERE
    return _says(here, entry, SECTIONS.get(here.view_name, OF_APP.get(here.app_name, "")))


@register.filter
def in_tab(here: ResolverMatch | None, tab: str) -> SafeString:
    """The same for the tabs of one patient."""
    return ELSEWHERE if here is None else _says(here, tab, _tab_of(here))


def _says(here: ResolverMatch, entry: str, current: str) -> SafeString:
    if entry != current:
        return ELSEWHERE
    return PAGE if FIRST_OF.get(entry) == here.view_name else BELOW


def _tab_of(here: ResolverMatch) -> str:
    if here.view_name == "patient":
        return "overview"
    route = f"/{here.route}"
    return next((tab for word, tab in TABS if word in route), "programme")
