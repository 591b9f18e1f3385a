"""Rate limits count an IPv4 client by its IP, and an IPv6 client by its /64 network.

A provider gives each IPv6 subscriber a /64 or more, so one client can send from 2**64 IPs.
"""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

INTERFACE_BITS = 64
TRANSLATED = IPv6Network("64:ff9b::/96")
"""The prefix with which a translator shows IPv4 clients to an IPv6 host (RFC 6052)."""


def client_network(address: str) -> str:
    """Return the key under which rate limits count this client IP; logs keep the whole IP."""
    return network_of(address) if ":" in address else address


@lru_cache(10_000)
def network_of(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if (embedded := embedded_ipv4(parsed)) is not None:
        return str(embedded)
    return str(IPv6Network((int(parsed) >> INTERFACE_BITS << INTERFACE_BITS, INTERFACE_BITS)))


def embedded_ipv4(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 part of `::ffff:a.b.c.d` or `64:ff9b::a.b.c.d`, else None."""
    if address in TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped
