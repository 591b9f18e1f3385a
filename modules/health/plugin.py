from collections.abc import Sequence

from core.kernel.contributions import Contribution
from core.wiring.module import AnyHost, Module, Mount
from modules.health.container import HealthContainer
from modules.health.router import HealthController, RootController


class Plugin(Module[HealthContainer]):
    container_type = HealthContainer

    def contributions(self) -> Sequence[Contribution]:
        return (
            Mount("/", (RootController, HealthController)),
            AnyHost("/health"),  # load balancers send an IP address as Host, some in HTTP/1.0 none
        )
