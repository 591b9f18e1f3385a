from collections.abc import Sequence

from core.kit import Contribution, Module, Mount
from core.kit.platform import AnyHost
from modules.health.router import HealthController
from modules.health.service import HealthService


class Plugin(Module):
    services = (HealthService,)

    def contributions(self) -> Sequence[Contribution]:
        return (
            Mount("/", (HealthController,)),
            AnyHost("/health"),  # load balancers send an IP address as Host, some in HTTP/1.0 none
        )
