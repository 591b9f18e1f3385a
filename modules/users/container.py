from dependency_injector import providers

from core.kit import ModuleContainer
from modules.users.first_admin import FirstAdmin
from modules.users.samples import SamplePeople
from modules.users.service.account_deletion import AccountDeletion
from modules.users.service.accounts import AccountService
from modules.users.service.admins import AdminService
from modules.users.service.people import PeopleService
from modules.users.service.personal_data import PersonalDataService
from modules.users.service.profiles import ProfileService
from modules.users.settings import UsersSettings


class UsersContainer(ModuleContainer):
    core = providers.DependenciesContainer()

    settings = providers.Singleton(UsersSettings)
    accounts = providers.Singleton(
        AccountService,
        db=core.db,
        outbox=core.outbox,
        audit=core.audit,
        clock=core.clock,
        roles=core.roles,
        passwords=core.passwords,
        contributions=core.contributions,
    )
    account_deletion = providers.Singleton(
        AccountDeletion,
        db=core.db,
        outbox=core.outbox,
        audit=core.audit,
        clock=core.clock,
        contributions=core.contributions,
        settings=settings,
        reauthentication=core.reauthentication,
    )
    people = providers.Singleton(
        PeopleService,
        db=core.db,
        outbox=core.outbox,
        audit=core.audit,
        clock=core.clock,
        roles=core.roles,
        accounts=accounts,
        account_deletion=account_deletion,
    )
    profiles = providers.Singleton(
        ProfileService,
        db=core.db,
        audit=core.audit,
        cache_versions=core.cache_versions,
        people=people,
        reauthentication=core.reauthentication,
    )
    personal_data = providers.Singleton(
        PersonalDataService,
        db=core.db,
        audit=core.audit,
        clock=core.clock,
        contributions=core.contributions,
        people=people,
        limits=core.limits,
    )
    admins = providers.Singleton(
        AdminService,
        db=core.db,
        audit=core.audit,
        passwords=core.passwords,
        accounts=accounts,
        account_deletion=account_deletion,
    )
    first_admin = providers.Singleton(FirstAdmin, settings=core.settings, admins=admins)
    samples = providers.Singleton(SamplePeople, db=core.db, audit=core.audit, clock=core.clock)
