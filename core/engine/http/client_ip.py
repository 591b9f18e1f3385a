"""The client IP of a request: the IP of the peer, or the one that trusted proxies report.

Only X-Forwarded-For is read, from right to left, because each proxy appends the IP of its client.
The first entry that is not a trusted proxy is the client, which can forge the entries to its left.
"""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

from core.engine.http.asgi import Scope
from core.kernel.lru_dict import LruDict

MAX_ENTRY_LENGTH = 64


class ClientIp:
    def __init__(self, trusted: Iterable[IPv4Network | IPv6Network]) -> None:
        self._trusted = tuple(trusted)
        self._known: LruDict[str, tuple[str, bool]] = LruDict(10_000)

    def of(self, scope: Scope, headers: dict[bytes, bytes]) -> str:
        """Return the client IP without a port; an empty string if the peer has no IP."""
        client = scope.get("client")
        if not client:
            return ""
        address, trusted = self._known.get(client[0]) or self._read_ip(client[0])
        if not trusted or not (forwarded := headers.get(b"x-forwarded-for")):
            return address
        return self._follow(address, forwarded.decode("latin-1"))

    def is_proxy(self, peer: str) -> bool:
        return self._read_ip(peer)[1]

    def _follow(self, address: str, forwarded: str) -> str:
        """Return the first IP that is not a trusted proxy; stop at an entry that is not an IP."""
        trusted = True
        while trusted and forwarded:
            forwarded, _, entry = forwarded.rpartition(",")
            ip, trusted = self._read_ip(without_port(entry.strip()))
            address = ip or address
        return address

    def _read_ip(self, text: str) -> tuple[str, bool]:
        """Return the IP in its usual form, or "", and whether it is a trusted proxy."""
        parsed = self._known.get(text)
        if parsed is None:
            parsed = self._parse(text)
            if len(text) <= MAX_ENTRY_LENGTH:
                self._known.put(text, parsed)
        return parsed

    def _parse(self, text: str) -> tuple[str, bool]:
        try:
            address = ip_address(text)
        except ValueError:
            return "", False
        if isinstance(address, IPv6Address):
            address = address.ipv4_mapped or IPv6Address(int(address))  # without %zone
        return str(address), any(address in network for network in self._trusted)


def without_port(entry: str) -> str:
    """Return the IP of `192.0.2.1:80` or `[2001:db8::1]:80`; a bare IPv6 stays as it is."""
    if entry.startswith("["):
        return entry[1:].partition("]")[0]
    return entry.partition(":")[0] if entry.count(":") == 1 else entry
