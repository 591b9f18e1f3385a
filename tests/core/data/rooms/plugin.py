from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from litestar import Controller
from pydantic import Field
from sqlalchemy import select

from core.data.database import Database
from core.kernel.errors import Conflict, NotFound
from core.kernel.schemas import Schema, UtcDatetime
from core.kernel.text import Line
from core.kit import get, post
from core.security.policies import public
from core.wiring.module import Module
from tests.core.data.rooms.models import Booking

SEOUL = ZoneInfo("Asia/Seoul")
Room = Annotated[str, Line(1, 20), Field(examples=["A1"])]


class BookingDraft(Schema):
    room: Room
    starts_at: UtcDatetime
    ends_at: UtcDatetime


class SeoulHour(Schema):
    room: Room
    hour: int


class BookingRead(Schema):
    id: UUID
    room: str
    starts_at: UtcDatetime
    ends_at: UtcDatetime


class RoomTaken(Conflict):
    code = "rooms.taken"
    title = "The room is booked for this time."


class BookingNotFound(NotFound):
    code = "rooms.not_found"
    title = "There is no such booking."


class BookingService:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def book(self, room: str, starts_at: datetime, ends_at: datetime) -> Booking:
        overlap = select(Booking.id).where(
            Booking.room == room, Booking.starts_at < ends_at, Booking.ends_at > starts_at
        )
        async with self._db.transaction() as tx:
            if await tx.session.scalar(overlap):
                raise RoomTaken
            booking = Booking(room=room, starts_at=starts_at, ends_at=ends_at)
            tx.session.add(booking)
        return booking

    async def get(self, booking_id: UUID) -> Booking:
        async with self._db.transaction() as tx:
            booking = await tx.session.get(Booking, booking_id)
        if booking is None:
            raise BookingNotFound
        return booking


class RoomController(Controller):
    bookings: BookingService

    @post(summary="Book", policy=public, audit="rooms.book", errors=(RoomTaken,))
    async def book(self, data: BookingDraft) -> BookingRead:
        return BookingRead.of(await self.bookings.book(data.room, data.starts_at, data.ends_at))

    @post(
        "/seoul",
        summary="Book an hour of a day in Seoul",
        policy=public,
        audit="rooms.book",
        errors=(RoomTaken,),
    )
    async def book_in_seoul(self, data: SeoulHour) -> BookingRead:
        starts_at = datetime(2026, 1, 31, data.hour, tzinfo=SEOUL)
        hour = timedelta(hours=1)
        return BookingRead.of(await self.bookings.book(data.room, starts_at, starts_at + hour))

    @get(
        "/{booking_id:uuid}",
        summary="Read a booking",
        policy=public,
        errors=(BookingNotFound,),
    )
    async def read(self, booking_id: UUID) -> BookingRead:
        return BookingRead.of(await self.bookings.get(booking_id))


class Plugin(Module):
    controllers = (RoomController,)
    services = (BookingService,)
