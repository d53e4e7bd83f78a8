"""Secrets that the database keeps but does not know: sealed with keys of the environment."""

from base64 import urlsafe_b64encode
from hashlib import sha256

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


def seal(text: str) -> str:
    return _keys().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """What was sealed with any of the keys. Raises InvalidToken."""
    return _keys().decrypt(sealed.encode()).decode()


def reseal(sealed: str) -> str:
    """The same under the first key. Raises InvalidToken."""
    return _keys().rotate(sealed.encode()).decode()


def _keys() -> MultiFernet:
    texts = settings.SECOND_FACTOR_KEYS or [settings.SECRET_KEY]
    return MultiFernet(Fernet(urlsafe_b64encode(sha256(text.encode()).digest())) for text in texts)
