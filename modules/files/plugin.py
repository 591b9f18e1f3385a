from collections.abc import Sequence
from datetime import timedelta

from core.kit import (
    Contribution,
    Export,
    HealthCheck,
    Listener,
    Module,
    PersonalData,
    Schedule,
    StartupTask,
    Statistic,
    UserStatistic,
)
from modules.files.container import FilesContainer
from modules.files.events import ContentDropped
from modules.files.permissions import MANAGE, READ, WRITE
from modules.files.public import StoredFiles
from modules.files.router import FileController, LaterController


class Plugin(Module[FilesContainer]):
    container_type = FilesContainer
    controllers = (FileController, LaterController)

    def contributions(self) -> Sequence[Contribution]:
        files, contents = self.container.files, self.container.contents
        usage = self.container.usage
        return (
            READ,
            WRITE,
            MANAGE,
            Export(StoredFiles, files),
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
        await self.container.contents().sweep()
        await self.container.reservations().forget_dead()
