import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, SecretStr

from config.settings import ModuleSettings, secret

MIN_TOKEN_LENGTH = 16

MetricsToken = Annotated[
    SecretStr,
    secret(
        lambda text: bool(re.fullmatch(r"[A-Za-z0-9._~+/-]+=*", text)),
        "must be a bearer token: letters, digits and ._~+/-",
    ),
]


class MetricsSettings(ModuleSettings):
    """The token of `/metrics`; its name has no prefix."""

    metrics_token: MetricsToken | None = Field(
        default=None,
        description="The bearer token of /metrics, which without one is open in development only.",
    )

    def unsafe_in_production(self) -> Iterator[str]:
        token = self.metrics_token
        if token and len(token.get_secret_value()) < MIN_TOKEN_LENGTH:
            yield f"METRICS_TOKEN must have at least {MIN_TOKEN_LENGTH} characters in production."
