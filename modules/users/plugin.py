from collections.abc import Sequence
from datetime import timedelta

from core.kit import (
    Command,
    Contribution,
    DoctorCheck,
    Export,
    Listener,
    Module,
    PersonalData,
    Schedule,
    Seed,
    StartupTask,
    Statistic,
)
from modules.users.commands import user_group
from modules.users.container import UsersContainer
from modules.users.events import ErasureSettled
from modules.users.permissions import PROFILE_READ, READ, WRITE
from modules.users.public import Accounts, People, UserDeleted
from modules.users.router import ProfileController, UserController


class Plugin(Module[UsersContainer]):
    container_type = UsersContainer
    controllers = (ProfileController, UserController)

    def contributions(self) -> Sequence[Contribution]:
        its = self.container
        return (
            READ,
            WRITE,
            PROFILE_READ,
            Export(Accounts, its.accounts),
            Export(People, its.people),
            Statistic("users.total", lambda: its.people().total()),
            Statistic("users.active", lambda: its.people().active()),
            PersonalData(
                "users.profile",
                export={
                    "profile": lambda user_id: its.personal_data().profile(user_id),
                    "activity": lambda user_id: its.personal_data().all_activity(user_id),
                },
                erase=lambda user_id: its.first_admin().forget_file(),
            ),
            Schedule(
                "users.erase_due", timedelta(hours=1), lambda: its.account_deletion().remove_due()
            ),
            Listener(
                UserDeleted,
                "users.erase",
                lambda deleted: its.account_deletion().erase(deleted.user_id),
            ),
            Listener(
                ErasureSettled,
                "users.forget_addresses",
                lambda settled: its.account_deletion().forget_addresses(settled.user_id),
            ),
            StartupTask("users.first_admin", lambda: its.first_admin().ensure()),
            DoctorCheck("users.first_admin", lambda: its.first_admin().examine()),
            Seed(
                "users.people",
                lambda: its.samples().seed(),
                lambda count, progress: its.samples().add(count, progress),
            ),
            Command("users.user", lambda: user_group(its.admins, self.core.db, self.core.settings)),
        )
