"""The types of ASGI: a header field, whose name is in lower case, and the scope of a request."""

from collections.abc import Mapping
from typing import Any

Header = tuple[bytes, bytes]
Scope = Mapping[str, Any]  # Any: the key decides the type of a value
