from collections.abc import Mapping
from typing import Any

from core.kernel.errors import NotFound, Unauthenticated, Unavailable


class NotReady(Unavailable):
    code = "health.not_ready"
    title = "This instance cannot take requests now."

    def __init__(self, detail: str, members: Mapping[str, Any]) -> None:
        super().__init__(detail, retry_after_s=5)
        self.members = members


class MetricsOff(NotFound):
    code = "health.metrics_off"
    title = "There is nothing at this address."


class BadMetricsToken(Unauthenticated):
    code = "health.bad_metrics_token"
    title = "This takes the bearer token set as METRICS_TOKEN."

    def __init__(self) -> None:
        super().__init__()
        self.headers["www-authenticate"] = 'Bearer realm="metrics"'
