from asyncio import to_thread
from hmac import compare_digest

from config.settings import Settings
from core.kit import Principal
from core.kit.platform import VERSION, HealthChecks, Maintenance, RequestMetrics
from modules.health.errors import BadMetricsToken, MetricsOff, NotReady
from modules.health.schemas import CheckRead, HealthRead, ReadyRead, RootRead
from modules.health.settings import MetricsSettings


class HealthService:
    def __init__(
        self,
        checks: HealthChecks,
        maintenance: Maintenance,
        metrics: RequestMetrics,
        settings: Settings,
        metrics_settings: MetricsSettings,
    ) -> None:
        self._checks, self._maintenance = checks, maintenance
        self._metrics, self._settings = metrics, settings
        self._token = metrics_settings.metrics_token

    async def health(self) -> HealthRead:
        closed = (await self._maintenance.state()).enabled
        return HealthRead(
            status="maintenance" if closed else "healthy", service="Atrium", version=VERSION
        )

    async def ready(self, reader: Principal | None) -> ReadyRead:
        """Return the results of the checks. Raises NotReady if one failed or at shutdown."""
        results = await self._checks.results()
        reasons = {it.name: CheckRead.of(it) for it in results} if may_see_reasons(reader) else None
        body = ReadyRead(
            checks={it.name: "ok" if it.ok else "down" for it in results}, details=reasons
        )
        if self._checks.stopping:
            raise NotReady("The instance is shutting down.", body)
        if down := [check.name for check in results if not check.ok]:
            raise NotReady("These checks have failed: {checks}.", body, checks=down)
        return body

    async def metrics(self, authorization: str | None) -> bytes:
        """Return Prometheus' text format. Raises MetricsOff or BadMetricsToken."""
        if self._token is None:
            if self._settings.environment == "production":
                raise MetricsOff
        elif not bears(authorization, self._token.get_secret_value()):
            raise BadMetricsToken(sent=authorization is not None)
        return await to_thread(self._metrics.render)  # reads files of the system and of the workers

    def root(self) -> RootRead:
        url = self._settings.public_url
        docs = f"{url}/docs" if self._settings.docs_enabled else None
        return RootRead(
            message="Welcome to Atrium.",
            name="Atrium",
            version=VERSION,
            docs=docs,
            health=f"{url}/health",
        )


def may_see_reasons(reader: Principal | None) -> bool:
    """Return whether the reader is a signed-in admin; no scope gives this to an API key."""
    return reader is not None and reader.is_admin and reader.key_id is None


def bears(authorization: str | None, token: str) -> bool:
    scheme, _, given = (authorization or "").partition(" ")
    return scheme.lower() == "bearer" and compare_digest(given.encode(), token.encode())
