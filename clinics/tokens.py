"""Links that open something once: what stands in them, and what is kept of it."""

import hashlib
import secrets


class NotAToken(ValueError):
    """This is no token of ours, in no clinic."""


def new_token(clinic_id: int, *, random_bytes: int = 24) -> str:
    """192 random bits, or more. The clinic's key in front only says where to look."""
    return f"{clinic_id:x}-{secrets.token_urlsafe(random_bytes)}"


def clinic_of(token: str) -> int:
    """The clinic in which a token has to be looked up. Raises NotAToken."""
    clinic, _, secret = token.partition("-")
    try:
        clinic_id = int(clinic, 16)
    except ValueError:
        raise NotAToken from None
    if not secret or not 0 < clinic_id < 2**63:
        raise NotAToken
    return clinic_id


def hash_of(secret: str) -> str:
    """What is stored of a token or secret: they are random, so one plain hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()
