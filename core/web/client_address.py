"""Which address asks: the peer's, or what proxies of ours say of it, and nobody else's word.

Only X-Forwarded-For is read, from the right: each proxy appends whom it was asked by, so the first
entry that is not a proxy of ours is the client, and whatever stands left of it the client made up.
"""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

from core.kernel.lru_dict import LruDict

LONGEST_ENTRY = 64


class ClientAddress:
    def __init__(self, trusted: Iterable[IPv4Network | IPv6Network]) -> None:
        self._trusted = tuple(trusted)
        self._known: LruDict[str, tuple[str, bool]] = LruDict(10_000)

    def of(self, scope: Any, headers: dict[bytes, bytes]) -> str:
        """As text without a port; empty where the peer has no address."""
        client = scope.get("client")
        if not client:
            return ""
        address, ours = self._look_at(client[0])
        if not ours or not (forwarded := headers.get(b"x-forwarded-for")):
            return address
        return self._walk(address, forwarded.decode("latin-1"))

    def is_proxy(self, peer: str) -> bool:
        return self._look_at(peer)[1]

    def _walk(self, address: str, forwarded: str) -> str:
        """Towards the client while it is proxies of ours; no further than what makes sense."""
        ours = True
        while ours and forwarded:
            forwarded, _, entry = forwarded.rpartition(",")
            found, ours = self._look_at(without_port(entry.strip()))
            address = found or address
        return address

    def _look_at(self, text: str) -> tuple[str, bool]:
        """The address in its usual spelling, and whether it is a proxy's; empty for nonsense."""
        known = self._known.get(text)
        if known is None:
            known = self._parse(text)
            if len(text) <= LONGEST_ENTRY:
                self._known.put(text, known)
        return known

    def _parse(self, text: str) -> tuple[str, bool]:
        try:
            address = ip_address(text)
        except ValueError:
            return "", False
        if isinstance(address, IPv6Address):
            address = address.ipv4_mapped or IPv6Address(int(address))  # the latter drops %zone
        return str(address), any(address in network for network in self._trusted)


def without_port(entry: str) -> str:
    """`192.0.2.1:80` and `[2001:db8::1]:80`; a bare IPv6 address has colons of its own."""
    if entry.startswith("["):
        return entry[1:].partition("]")[0]
    return entry.partition(":")[0] if entry.count(":") == 1 else entry
