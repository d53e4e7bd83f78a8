"""Where on the network a request comes from."""

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest


def address_of(request: HttpRequest) -> str:
    """The address that asks, as it was given.

    X-Forwarded-For is written by whoever sends it: only the hop that our own proxies added
    counts, as many from the right as TRUSTED_PROXIES says there are.
    """
    address: str = request.META.get("REMOTE_ADDR", "")
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if 0 < settings.TRUSTED_PROXIES <= len(hops):
        address = hops[-settings.TRUSTED_PROXIES].strip() or address
    return address


def ip_of(request: HttpRequest) -> str:
    """The same in its one way of writing; empty for anything that is no IP address."""
    try:
        return str(ip_address(address_of(request)))
    except ValueError:
        return ""
