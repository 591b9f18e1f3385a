from uuid import UUID

from litestar import Controller

from core.kit import IfMatch, Page, PageRequest, delete, get, post, requires
from core.kit.platform import EVENTS, DeliveryNotFound, DeliveryRunning, EventLog
from modules.admin.permissions import EVENTS as MANAGE
from modules.admin.schemas import EventRead
from modules.admin.service import EventAdmin

refusals = (DeliveryNotFound, DeliveryRunning)


class EventController(Controller):
    path = "/events"
    event_log: EventLog
    event_admin: EventAdmin

    @get(summary="List background work", policy=requires(MANAGE), listing=EVENTS)
    async def list_events(self, page_request: PageRequest) -> Page[EventRead]:
        return EventRead.paged(await self.event_log.page(page_request))

    @post(
        "/{event_id:str}/retry",
        summary="Try it again now",
        policy=requires(MANAGE),
        status_code=204,
        errors=refusals,
    )
    async def retry_event(self, event_id: UUID) -> None:
        await self.event_admin.retry(event_id)

    @delete(
        "/{event_id:str}",
        summary="Give it up",
        policy=requires(MANAGE),
        audit="admin.discard_event",
        errors=refusals,
    )
    async def delete_event(self, event_id: UUID, if_match: IfMatch) -> None:
        await self.event_admin.discard(event_id, if_match)
