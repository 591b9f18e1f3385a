"""A module whose tables keep the rules."""

from collections.abc import Sequence

from core.kernel.contributions import Contribution
from core.operations.contributions import PersonalData
from core.wiring.module import Module
from tests.contracts.refused.forgotten.plugin import erase, export


class Plugin(Module):
    def contributions(self) -> Sequence[Contribution]:
        return (PersonalData("odd.times", export, erase, tables=("odd_leaves", "odd_wishes")),)
