"""Name the client that limits count: one IPv4 address, or one IPv6 network of 64 bits.

A provider gives each IPv6 subscriber a /64 or more, so one client has 2**64 addresses to send from.
"""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

INTERFACE_BITS = 64
TRANSLATED = IPv6Network("64:ff9b::/96")
"""IPv4 clients as a translator in front of an IPv6 host shows them (RFC 6052)."""


def client_network(address: str) -> str:
    """Return the key under which limits count this client IP; logs keep the whole address."""
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
    """Return the IPv4 client of `::ffff:a.b.c.d` and `64:ff9b::a.b.c.d`."""
    if address in TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped
