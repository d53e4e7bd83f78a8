from clinics import operators
from clinics.management.accounts import AccountCommand


class Command(AccountCommand):
    help = (
        "Lock a person out of every clinic and end all their sessions. What they did stays in the"
        " audit trail, with their name."
    )
    act = operators.lock_account
    done = "locked"
