from collections.abc import Sequence
from datetime import timedelta

from core.kit import (
    Contribution,
    HealthCheck,
    Listener,
    Module,
    PersonalData,
    Schedule,
    StartupTask,
    Statistic,
    UserStatistic,
)
from core.kit.platform import AddedRoutes
from modules.files.events import ContentDropped
from modules.files.permissions import MANAGE, READ, WRITE
from modules.files.router import FileAdminController, FileController, LaterController
from modules.files.service.contents import ContentService
from modules.files.service.files import FileService
from modules.files.service.reservations import Reservations
from modules.files.service.uploads import UploadService
from modules.files.service.usage import UsageService
from modules.files.storage import Storage


class Plugin(Module):
    controllers = (FileController, LaterController)
    services = (
        Storage,
        UsageService,
        Reservations,
        ContentService,
        FileService,
        UploadService,
    )

    def contributions(self) -> Sequence[Contribution]:
        files, contents = self.provider(FileService), self.provider(ContentService)
        usage = self.provider(UsageService)
        return (
            READ,
            WRITE,
            MANAGE,
            AddedRoutes("files.admin", "admin", (FileAdminController,)),
            StartupTask("files.sweep", lambda: contents().sweep()),
            Schedule("files.sweep", timedelta(minutes=10), self.sweep),
            Listener(
                ContentDropped, "files.remove_content", lambda dropped: contents().remove(dropped)
            ),
            HealthCheck("files.storage", lambda: contents().check()),
            Statistic("files.count", lambda: usage().all_files()),
            Statistic("files.bytes", lambda: usage().all_bytes()),
            UserStatistic("files.files", lambda user_id: usage().files_of(user_id)),
            UserStatistic("files.bytes", lambda user_id: usage().bytes_of(user_id)),
            PersonalData(
                "files.files",
                export=lambda user_id: files().export(user_id),
                erase=lambda user_id: files().erase(user_id),
            ),
        )

    async def sweep(self) -> None:
        """Remove the objects and reservations of uploads whose process died."""
        await self.provider(ContentService)().sweep()
        await self.provider(Reservations)().forget_dead()
