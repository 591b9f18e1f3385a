"""A room is booked once for a time, although the times are written in different zones."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import Connection

from config.log_writer import LogWriter
from config.settings import Settings
from core.app import create_app
from core.data.migrations.connections import run
from core.testing import client_of
from tests.core.data.rooms.models import Apart
from tests.core.data.rooms.plugin import Plugin

ROOMS = "/api/v1/rooms"


@pytest.fixture
def table(database_url: str) -> Iterator[None]:
    committed(database_url, Apart.metadata.create_all)
    yield
    committed(database_url, Apart.metadata.drop_all)


def committed(url: str, work: Callable[[Connection], Any]) -> None:
    def done(connection: Connection) -> None:
        work(connection)
        connection.commit()

    run(url, done)


@pytest.fixture
async def rooms(
    settings: Settings, log_lines: LogWriter, table: None, anyio_backend: str
) -> AsyncIterator[AsyncClient]:
    app = create_app(settings, {"rooms": Plugin}, log_lines)
    async with app.lifespan(), client_of(app) as client:
        yield client


async def book(rooms: AsyncClient, starts_at: str, ends_at: str) -> tuple[int, Any]:
    body = {"room": "A1", "starts_at": starts_at, "ends_at": ends_at}
    answer = await rooms.post(ROOMS, json=body)
    return answer.status_code, answer.json()


async def test_a_time_is_one_time_in_every_zone(rooms: AsyncClient) -> None:
    status, booking = await book(rooms, "2026-01-31T09:00:00+09:00", "2026-01-31T10:00:00+09:00")
    assert (status, booking["starts_at"]) == (201, "2026-01-31T00:00:00Z")
    assert (await rooms.get(f"{ROOMS}/{booking['id']}")).json() == booking
    for taken in (
        ("2026-01-31T00:00:00Z", "2026-01-31T01:00:00Z"),
        ("2026-01-30T19:30:00-05:00", "2026-01-30T21:00:00-05:00"),
        ("2026-01-31T09:59:59+09:00", "2026-01-31T11:00:00+09:00"),
    ):
        status, refused = await book(rooms, *taken)
        assert (status, refused["code"]) == (409, "rooms.taken")
    for free in (
        ("2026-01-31T09:00:00Z", "2026-01-31T10:00:00Z"),
        ("2026-01-31T10:00:00+09:00", "2026-01-31T11:00:00+09:00"),
    ):
        assert (await book(rooms, *free))[0] == 201


async def test_a_time_that_the_module_computes_in_a_zone_is_that_time(rooms: AsyncClient) -> None:
    assert (await rooms.post(f"{ROOMS}/seoul", json={"room": "A1", "hour": 9})).status_code == 201
    assert (await book(rooms, "2026-01-31T00:30:00Z", "2026-01-31T00:40:00Z"))[0] == 409
    assert (await book(rooms, "2026-01-31T09:30:00Z", "2026-01-31T09:40:00Z"))[0] == 201
    assert (await rooms.post(f"{ROOMS}/seoul", json={"room": "A1", "hour": 18})).status_code == 409


async def test_a_time_without_a_zone_is_refused(rooms: AsyncClient) -> None:
    status, refused = await book(rooms, "2026-01-31T09:00:00", "2026-01-31T10:00:00Z")
    assert (status, refused["errors"][0]["location"]) == (400, "body.starts_at")
