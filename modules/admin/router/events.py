from uuid import UUID

from litestar import Controller

from core.kit import IfMatch, Page, PageRequest, delete, get, post, requires
from core.kit.platform import EVENTS, DeliveryNotFound, DeliveryRunning, EventLog
from modules.admin.permissions import EVENTS as MANAGE
from modules.admin.schemas import EventRead
from modules.admin.service import EventAdmin

DELIVERY_ERRORS = (DeliveryNotFound, DeliveryRunning)


class EventController(Controller):
    path = "/events"
    event_log: EventLog
    event_admin: EventAdmin

    @get(summary="List the deliveries of events", policy=requires(MANAGE), listing=EVENTS)
    async def list_events(self, page_request: PageRequest) -> Page[EventRead]:
        return EventRead.paged(await self.event_log.page(page_request))

    @post(
        "/{event_id:str}/retry",
        summary="Retry a delivery now",
        policy=requires(MANAGE),
        status_code=204,
        errors=DELIVERY_ERRORS,
    )
    async def retry_event(self, event_id: UUID) -> None:
        await self.event_admin.retry(event_id)

    @delete(
        "/{event_id:str}",
        summary="Discard a delivery",
        policy=requires(MANAGE),
        audit="admin.discard_event",
        errors=DELIVERY_ERRORS,
    )
    async def delete_event(self, event_id: UUID, if_match: IfMatch) -> None:
        await self.event_admin.discard(event_id, if_match)
