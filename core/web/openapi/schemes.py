"""The security schemes of the document."""

from dataclasses import dataclass

from core.kernel.contributions import Contribution
from core.kernel.json_types import JsonObject


@dataclass(frozen=True)
class SecurityScheme(Contribution):
    """A further way to obtain an access token, as a Security Scheme Object of OpenAPI."""

    name: str
    scheme: JsonObject


BEARER, API_KEY = "bearer", "api_key"

OWN: JsonObject = {
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
        "description": "An API key acts as its owner within its scopes.",
    },
}
