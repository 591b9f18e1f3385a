from core.kit import NotFound, Schema, Unavailable
from core.kit.platform import BadCredential, NotSignedIn, ParameterValue, Unauthenticated


class NotReady(Unavailable):
    """The instance is about to stop, or one of the `checks` has failed."""

    code = "health.not_ready"
    title = "This instance is not ready for requests."

    def __init__(self, detail: str, body: Schema, **parameters: ParameterValue) -> None:
        super().__init__(detail, 5, **parameters)
        self.members = body.model_dump(mode="json", exclude={"status"}, exclude_none=True)


class MetricsOff(NotFound):
    """In production the metrics are available only if `METRICS_TOKEN` is set.

    Set `METRICS_TOKEN`, and send it as a bearer token.
    """

    code = "health.metrics_off"
    title = "There is no resource at this URL."


class BadMetricsToken(Unauthenticated):
    """The metrics are for a monitoring system, and the token of a user is not valid for them.

    Send the token from the settings as `Authorization: Bearer`.
    """

    code = "health.bad_metrics_token"
    title = "Send the value of METRICS_TOKEN as bearer token."

    def __init__(self, sent: bool = False) -> None:
        super().__init__()
        kind = BadCredential if sent else NotSignedIn
        self.headers["www-authenticate"] = kind.challenge
