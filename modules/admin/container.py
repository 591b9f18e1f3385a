from dependency_injector import providers

from core.kit import ModuleContainer
from modules.admin.service import (
    AdminUserCreation,
    AuditReader,
    EventAdmin,
    Inventory,
    PermissionDirectory,
    StatsService,
)
from modules.auth.public import Sessions
from modules.files.public import StoredFiles
from modules.users.public import People


class AdminContainer(ModuleContainer):
    core = providers.DependenciesContainer()
    people = providers.Dependency(instance_of=People)
    sessions = providers.Dependency(instance_of=Sessions)
    files = providers.Dependency(instance_of=StoredFiles)

    stats = providers.Singleton(StatsService, contributions=core.contributions)
    permissions = providers.Singleton(
        PermissionDirectory, contributions=core.contributions, roles=core.roles
    )
    audit_reader = providers.Singleton(AuditReader, db=core.db, audit=core.audit, people=people)
    user_creation = providers.Singleton(AdminUserCreation, people=people, clock=core.clock)
    event_admin = providers.Singleton(
        EventAdmin, db=core.db, audit=core.audit, event_log=core.event_log
    )
    inventory = providers.Singleton(
        Inventory,
        db=core.db,
        contributions=core.contributions,
        health=core.health,
        modules=core.modules,
    )
