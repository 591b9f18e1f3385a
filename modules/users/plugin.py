from collections.abc import Sequence
from datetime import timedelta

from core.kit import (
    Command,
    Contribution,
    Database,
    DoctorCheck,
    Export,
    Listener,
    Module,
    PersonalData,
    RateLimit,
    Schedule,
    Seed,
    StartupTask,
    Statistic,
)
from core.kit.platform import AddedRoutes, AuditTrail
from modules.users.commands import user_group
from modules.users.events import ErasureSettled
from modules.users.first_admin import FirstAdmin
from modules.users.models import User
from modules.users.permissions import ADMINISTER, PROFILE_READ, READ, ROLES, WRITE
from modules.users.public import Accounts, UserDeleted
from modules.users.queries import IS_KNOWN, MAY_SIGN_IN
from modules.users.router.administration import UserAdminController
from modules.users.router.personal_data import PersonalDataController
from modules.users.router.profile import ProfileController
from modules.users.router.registration import RegistrationController
from modules.users.router.roles import RoleController
from modules.users.router.users import UserController
from modules.users.samples import SampleUsers
from modules.users.service.account_deletion import AccountDeletion
from modules.users.service.accounts import AccountService
from modules.users.service.administration import UserAdministration
from modules.users.service.admins import AdminService
from modules.users.service.permissions import PermissionDirectory
from modules.users.service.personal_data import PersonalDataService
from modules.users.service.profile import ProfileService
from modules.users.service.users import UserService
from modules.users.settings import FirstAdminSettings, UsersRateSettings


class Plugin(Module):
    controllers = (ProfileController, PersonalDataController, UserController)
    services = (
        AccountService,
        AccountDeletion,
        UserAdministration,
        PermissionDirectory,
        ProfileService,
        UserService,
        PersonalDataService,
        AdminService,
        FirstAdmin,
        SampleUsers,
    )

    def contributions(self) -> Sequence[Contribution]:
        db, first_admin = self.provider(Database), self.provider(FirstAdmin)
        account_deletion = self.provider(AccountDeletion)
        personal_data, samples = self.provider(PersonalDataService), self.provider(SampleUsers)
        rates, audit = self.provider(UsersRateSettings), self.provider(AuditTrail)
        admins, given = self.provider(AdminService), self.provider(FirstAdminSettings)
        return (
            READ,
            WRITE,
            PROFILE_READ,
            RateLimit("register", lambda: rates().rate_limit_register),
            RateLimit("export", lambda: rates().rate_limit_export),
            Export(Accounts, self.provider(AccountService)),
            AddedRoutes("users.registration", "auth", (RegistrationController,)),
            AddedRoutes(
                "users.admin", "admin", (UserAdminController, RoleController), (ADMINISTER, ROLES)
            ),
            Statistic.of_rows("users.total", db, User, IS_KNOWN),
            Statistic.of_rows("users.active", db, User, MAY_SIGN_IN),
            PersonalData(
                "users.profile",
                export={
                    "profile": lambda user_id: personal_data().profile(user_id),
                    "activity": lambda user_id: personal_data().all_activity(user_id),
                },
                erase=lambda user_id: first_admin().forget_file(),
            ),
            Schedule(
                "users.erase_due", timedelta(hours=1), lambda: account_deletion().remove_due()
            ),
            Listener(
                UserDeleted,
                "users.erase",
                lambda deleted: account_deletion().erase(deleted.user_id),
            ),
            Listener(
                ErasureSettled,
                "users.forget_addresses",
                lambda settled: audit().clear_client_ips(settled.user_id),
            ),
            StartupTask("users.first_admin", lambda: first_admin().ensure()),
            DoctorCheck("users.first_admin", lambda: first_admin().examine()),
            Seed(
                "users.samples",
                lambda: samples().seed(),
                lambda count, progress: samples().add(count, progress),
            ),
            Command("users.user", lambda: user_group(admins, db, given)),
        )
