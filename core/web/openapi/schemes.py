"""The ways to sign in that the document tells of."""

from dataclasses import dataclass
from typing import Any

from core.kernel.contributions import Contribution

Json = dict[str, Any]


@dataclass(frozen=True)
class SecurityScheme(Contribution):
    """One more way to come to an access token, as OpenAPI's Security Scheme Object describes it."""

    name: str
    scheme: Json


BEARER, API_KEY = "bearer", "api_key"

OWN: Json = {
    BEARER: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The access token of a session.",
    },
    API_KEY: {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "Acts as its owner, within its scopes.",
    },
}
