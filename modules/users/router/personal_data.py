"""The routes for the data that all modules have about the caller."""

from litestar import Controller, Response
from litestar.datastructures import ResponseHeader
from litestar.openapi.datastructures import ResponseSpec

from core.kit import Page, PageRequest, Principal, authenticated, get, utc_now
from core.kit.platform import BodyResponse, StreamedResponse
from modules.users.permissions import readable_by_key
from modules.users.queries import ACTIVITY
from modules.users.schemas import ActivityRead, ExportRead, SummaryRead
from modules.users.service.personal_data import PersonalDataService

X_CACHE = ResponseHeader(name="X-Cache", description="`hit` or `miss`.", documentation_only=True)
CONTENT_DISPOSITION = ResponseHeader(
    name="Content-Disposition", description="The name of the file.", documentation_only=True
)


class PersonalDataController(Controller):
    path = "/me"
    personal_data: PersonalDataService

    @get(
        "/summary",
        summary="Count your resources",
        description="The counts are at most a minute old; `as_of` is their time.",
        policy=readable_by_key,
        responses={200: ResponseSpec(SummaryRead, generate_examples=False)},
        response_headers=[X_CACHE],
    )
    async def read_summary(self, principal: Principal) -> Response[SummaryRead]:
        summary, known = await self.personal_data.summary(principal)
        body = SummaryRead.model_validate({**summary.counts, "as_of": summary.as_of})
        return BodyResponse(body, headers={"x-cache": "hit" if known else "miss"})

    @get("/activity", summary="List your activity", policy=readable_by_key, listing=ACTIVITY)
    async def list_activity(
        self, page_request: PageRequest, principal: Principal
    ) -> Page[ActivityRead]:
        return ActivityRead.paged(await self.personal_data.activity(principal, page_request))

    @get(
        "/export",
        summary="Export your personal data",
        description="The export is sent while it is read. A broken connection is a failed export.",
        policy=authenticated,
        streamed=True,
        responses={200: ResponseSpec(ExportRead, generate_examples=False)},
        response_headers=[CONTENT_DISPOSITION],
    )
    async def export_me(self, principal: Principal) -> Response[ExportRead]:
        name = f"atrium-export-{utc_now():%Y%m%d}.json"
        headers = {"content-disposition": f'attachment; filename="{name}"'}
        return StreamedResponse(
            lambda: self.personal_data.export(principal), "application/json", headers
        )
