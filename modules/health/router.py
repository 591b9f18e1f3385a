from litestar import Controller, Response
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromHeader

from core.kit import Principal, get, public
from core.kit.platform import BodyResponse, page_response, wants_html
from modules.health.errors import BadMetricsToken, MetricsOff, NotReady
from modules.health.page import page_of
from modules.health.schemas import HealthRead, LiveRead, ReadyRead, RootRead
from modules.health.service import HealthService

open_always = public.in_maintenance()
METRICS_TYPE = "text/plain; version=0.0.4"  # Litestar adds the charset
VARY = "Accept, Accept-Encoding, Origin"


class HealthController(Controller):
    health: HealthService

    @get(
        "/",
        summary="Read the name and the links of the service",
        description="The response to a browser is a page, and to any other client JSON.",
        policy=public,
        responses={200: ResponseSpec(RootRead)},
    )
    async def read_root(
        self, accept: FromHeader[str | None] = None
    ) -> Response[bytes] | BodyResponse[RootRead]:
        root = self.health.root()
        if wants_html(accept):
            return page_response(page_of(root), {"vary": VARY})
        return BodyResponse(root, headers={"vary": VARY})

    @get("/health", summary="Read the state of the service", policy=open_always)
    async def read_health(self) -> HealthRead:
        return await self.health.health()

    @get("/health/live", summary="Check the liveness of the process", policy=open_always)
    async def read_live(self) -> LiveRead:
        return LiveRead()

    @get(
        "/health/ready",
        summary="Check the readiness of this instance",
        policy=open_always,
        errors=(NotReady,),
    )
    async def read_ready(self, visitor: Principal | None) -> ReadyRead:
        return await self.health.ready(visitor)

    @get(
        "/metrics",
        summary="Read the metrics for Prometheus",
        policy=open_always,
        errors=(MetricsOff, BadMetricsToken),
        media_type=f"{METRICS_TYPE}; charset=utf-8",
    )
    async def read_metrics(self, authorization: FromHeader[str | None] = None) -> Response[bytes]:
        return Response(await self.health.metrics(authorization), media_type=METRICS_TYPE)
