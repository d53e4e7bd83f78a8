"""The sample clinic and those who work in it. All of them are invented."""

from clinics.models import Membership
from prescriptions.sample.courses import Colleague

CLINIC_NAME = "Riverside Physical Therapy (sample)"
CLINIC_PHONE = "+1 212 555 0140"
TIME_ZONE = "America/New_York"
# In everybody's hands: for the invented people of the sample only.
PASSWORD = "sample-people-only"  # noqa: S105

RUTH = Colleague("Ruth Feldman", "admin@riverside.example", Membership.Role.ADMIN)
ANNA = Colleague("Anna Lindqvist", "anna@riverside.example", Membership.Role.THERAPIST)
DAVID = Colleague("David Okafor", "david@riverside.example", Membership.Role.THERAPIST)
JAMIE = Colleague("Jamie Tran", "jamie@riverside.example", Membership.Role.ASSISTANT)
COLLEAGUES = (RUTH, ANNA, DAVID, JAMIE)
