"""What has to be set before Bearing serves the world, said in one line when it is not."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

SHORTEST_KEY = 50  # characters
FEWEST_DIFFERENT = 20  # of them; a key of random letters has more


def require(
    *,
    secret_keys: Sequence[str],
    second_factor_keys: Sequence[str],
    debug: bool,
    site_url: str,
    hosts: Sequence[str],
    is_embedded: bool,
) -> None:
    """Raises ImproperlyConfigured, which names every variable that is wrong and no value."""
    wrong = []
    for name, keys in (("SECRET_KEY", secret_keys), ("SECOND_FACTOR_KEYS", second_factor_keys)):
        if not keys or any(map(_is_weak, keys)):
            wrong.append(f"{name} needs {SHORTEST_KEY} random characters, an older one too")
    if debug:
        wrong.append("DEBUG has to be off")
    if urlsplit(site_url).hostname not in hosts:
        wrong.append("ALLOWED_HOSTS has to name the host of SITE_URL")
    if any(host.startswith(("*", ".")) for host in hosts):
        wrong.append("ALLOWED_HOSTS has to name each host in full")
    if is_embedded:
        wrong.append("APP_DATABASE_URL has to say where the database is")
    if wrong:
        raise ImproperlyConfigured(f"Not started: {'; '.join(wrong)} (see .env.example).")


def _is_weak(key: str) -> bool:
    return len(key) < SHORTEST_KEY or len(set(key)) < FEWEST_DIFFERENT
