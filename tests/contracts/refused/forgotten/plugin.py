"""Modules with two tables about users, whose PersonalData names too few or too many."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from core.kernel.contributions import Contribution
from core.kernel.schemas import Schema
from core.operations.contributions import PersonalData
from core.wiring.module import Module


async def export(_: UUID) -> AsyncIterator[Sequence[Schema]]:
    yield ()


async def erase(_: UUID) -> bool:
    return False


class Unsaid(Module):
    tables: Sequence[str] = ()

    def contributions(self) -> Sequence[Contribution]:
        return (PersonalData("odd.shifts", export, erase, tables=self.tables),)


class Forgetting(Unsaid):
    tables = ("odd_shifts",)


class Misnaming(Unsaid):
    tables = ("odd_shifts", "odd_leaves", "odd_sifts")
