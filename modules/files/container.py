from dependency_injector import providers

from core.kit import ModuleContainer
from modules.files.service import ContentService, FileService, UploadService, UsageService
from modules.files.service.reservations import Reservations
from modules.files.settings import FilesSettings
from modules.files.storage.local import LocalStorage


class FilesContainer(ModuleContainer):
    core = providers.DependenciesContainer()

    settings = providers.Singleton(FilesSettings)
    storage = providers.Singleton(LocalStorage, root=core.settings.provided.storage_path)
    usage = providers.Singleton(UsageService, db=core.db, settings=settings)
    reservations = providers.Singleton(
        Reservations,
        db=core.db,
        clock=core.clock,
        usage=usage,
        workers=core.settings.provided.workers,
    )
    contents = providers.Singleton(ContentService, db=core.db, storage=storage)
    files = providers.Singleton(
        FileService, db=core.db, outbox=core.outbox, audit=core.audit, usage=usage
    )
    uploads = providers.Singleton(
        UploadService,
        db=core.db,
        outbox=core.outbox,
        audit=core.audit,
        settings=settings,
        storage=storage,
        usage=usage,
        reservations=reservations,
    )
