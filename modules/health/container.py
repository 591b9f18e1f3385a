from dependency_injector import providers

from core.kit import ModuleContainer
from modules.health.service import HealthService


class HealthContainer(ModuleContainer):
    core = providers.DependenciesContainer()

    health = providers.Singleton(
        HealthService,
        checks=core.health,
        maintenance=core.maintenance,
        metrics=core.metrics,
        settings=core.settings,
    )
