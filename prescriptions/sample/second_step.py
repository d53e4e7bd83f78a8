"""How sample people pass the second step of signing in without a phone of theirs."""

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

from clinics import second_factor
from clinics.models import User

ENOUGH = 3


def codes(user: User) -> list[str]:
    """A few recovery codes that are not used yet; the app beside them is on nobody's phone."""
    if not second_factor.factors_of(user):
        TOTP.activate(user, generate_totp_secret())
    unused = RecoveryCodes.activate(user).get_unused_codes()
    if len(unused) < ENOUGH:
        Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).delete()
        unused = RecoveryCodes.activate(user).get_unused_codes()
    return unused[:ENOUGH]
