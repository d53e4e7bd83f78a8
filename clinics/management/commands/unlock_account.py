from clinics import operators
from clinics.management.accounts import AccountCommand


class Command(AccountCommand):
    help = "Let a person whose account was locked sign in again; their memberships are as before."
    act = operators.unlock_account
    done = "unlocked"
