"""Users who delete their accounts, and a module that receives the event."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

import pytest
from litestar import Litestar

from config.settings import Settings
from core.kit import Contribution, Listener, Module, PersonalData, Schema, UserStatistic
from core.testing import PASSWORD, Applications, TestUser
from modules.users.public import AccountClosed, UserDisabled, UserErased, UserRegistered
from tests.modules.users.asking import ME

GRACE = timedelta(days=7)


class Thing(Schema):
    name: str


class Probe(Module):
    """Another module, which has data of users and records the events that it receives."""

    heard: ClassVar[list[tuple[str, UUID]]] = []
    broken: ClassVar[set[UUID]] = set()
    many: ClassVar[int] = 0
    """The number of batches of an export before a failure."""

    def contributions(self) -> Sequence[Contribution]:
        return (
            AccountClosed("probe.close", lambda user_id: self._hear("closed", user_id)),
            UserStatistic("probe.things", self._count),
            PersonalData("probe.things", export=self._things, erase=self._erase),
            Listener(UserErased, "probe.erased", lambda e: self._hear("told erased", e.user_id)),
            Listener(UserDisabled, "probe.off", lambda e: self._hear("told off", e.user_id)),
            Listener(UserRegistered, "probe.new", lambda e: self._hear("told new", e.user_id)),
        )

    async def _hear(self, what: str, user_id: UUID) -> None:
        self.heard.append((what, user_id))

    async def _count(self, user_id: UUID) -> int:
        if user_id in self.broken:
            raise RuntimeError("out of order")
        return 3

    async def _things(self, user_id: UUID) -> AsyncIterator[Sequence[Thing]]:
        yield [Thing(name="first")]
        if user_id in self.broken:
            for _ in range(self.many):
                yield [Thing(name="one of many")] * 100
            raise RuntimeError("out of order")
        yield []
        yield [Thing(name="second"), Thing(name="third")]

    async def _erase(self, user_id: UUID) -> bool:
        """Erase one of two rows, and return whether one was left."""
        if user_id in self.broken:
            raise RuntimeError("out of order")
        if self.heard.count(("erased", user_id)) == 2:
            return False
        await self._hear("erased", user_id)
        return True


@pytest.fixture
async def app(settings: Settings, applications: Applications) -> AsyncIterator[Litestar]:
    Probe.heard, Probe.broken, Probe.many = [], set(), 0
    async with applications.started(settings, extra={"probe": Probe}) as app:
        yield app


async def leave(user: TestUser, **body: Any) -> Any:
    return await user.client.post(f"{ME}/deletion", json={"password": PASSWORD, **body})


def heard(user: TestUser) -> list[str]:
    return [what for what, user_id in Probe.heard if user_id == user.id and "told" not in what]
