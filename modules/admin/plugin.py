from collections.abc import Sequence

from core.kit import Contribution, Module
from modules.admin.container import AdminContainer
from modules.admin.permissions import ALL
from modules.admin.router import CONTROLLERS


class Plugin(Module[AdminContainer]):
    container_type = AdminContainer
    controllers = CONTROLLERS

    def contributions(self) -> Sequence[Contribution]:
        return ALL
