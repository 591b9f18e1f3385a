"""The HTTP server: uvicorn with limits of size and time, worker processes and reload.

The rest of the core uses these names, and `server`, which loads uvicorn.
"""

from core.engine.http.asgi import Header
from core.engine.http.client_ip import ClientIp
from core.engine.http.errors import (
    BadHost,
    BadUrl,
    HeadersTooLarge,
    Misdirected,
    RepeatedHeader,
    RequestTimeout,
    TooManyConnections,
    Unparsable,
    UriTooLong,
)
from core.engine.http.lifecycle import Lifecycle
from core.engine.http.request_validator import RequestValidator

__all__ = [
    "BadHost",
    "BadUrl",
    "ClientIp",
    "Header",
    "HeadersTooLarge",
    "Lifecycle",
    "Misdirected",
    "RepeatedHeader",
    "RequestTimeout",
    "RequestValidator",
    "TooManyConnections",
    "Unparsable",
    "UriTooLong",
]
