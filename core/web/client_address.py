"""Who is calling: the peer, or what a trusted proxy says of it."""

from typing import Any


class ClientAddress:
    def __init__(self, trusted: Any) -> None:
        self._trusted = trusted

    def of(self, scope: Any, headers: dict[bytes, bytes]) -> str:
        return scope["client"][0] if scope["client"] else ""
