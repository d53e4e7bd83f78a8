"""Where on the network a request comes from."""

from ipaddress import IPv6Address, IPv6Network, ip_address

from django.http import HttpRequest

from clinics.network import address_of


def network_of(request: HttpRequest) -> str:
    """What tries to come in are counted by: an IPv4 address, or the /64 network of an IPv6 one."""
    return _network(address_of(request))


def _network(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return address[:100]
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or IPv6Network((parsed, 64), strict=False))
