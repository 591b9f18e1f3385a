from dependency_injector import providers

from core.kit import ModuleContainer
from modules.auth.service.access_tokens import AccessTokens
from modules.auth.service.api_keys import ApiKeyService
from modules.auth.service.authentication import ApiKeyAuthentication, BearerTokens
from modules.auth.service.cleanup import ExpiredDataCleanup
from modules.auth.service.issuing import TokenIssuer
from modules.auth.service.key_usage import KeyUsage
from modules.auth.service.login import Login
from modules.auth.service.login_throttle import LoginThrottle
from modules.auth.service.personal_data import SignInData
from modules.auth.service.reauthentication import PasswordReauthentication
from modules.auth.service.refresh import Refresh
from modules.auth.service.registration import Registration
from modules.auth.service.revocation import Revocation
from modules.auth.service.sessions import SessionService
from modules.auth.service.signing_keys import SigningKeys
from modules.auth.service.token_endpoint import TokenEndpoint
from modules.auth.settings import AuthSettings
from modules.users.public import Accounts


class AuthContainer(ModuleContainer):
    core = providers.DependenciesContainer()
    accounts = providers.Dependency(instance_of=Accounts)

    settings = providers.Singleton(AuthSettings)
    signing_keys = providers.Singleton(
        SigningKeys,
        db=core.db,
        audit=core.audit,
        cache_versions=core.cache_versions,
        secrets=core.secrets,
        clock=core.clock,
        settings=settings,
    )
    access_tokens = providers.Singleton(
        AccessTokens,
        keys=signing_keys,
        settings=core.settings,
        auth_settings=settings,
        clock=core.clock,
    )
    bearer_tokens = providers.Singleton(
        BearerTokens,
        db=core.db,
        cache_versions=core.cache_versions,
        tokens=access_tokens,
        accounts=accounts,
        roles=core.roles,
        clock=core.clock,
        settings=settings,
    )
    key_usage = providers.Singleton(KeyUsage, db=core.db, clock=core.clock)
    key_authentication = providers.Singleton(
        ApiKeyAuthentication,
        db=core.db,
        cache_versions=core.cache_versions,
        accounts=accounts,
        roles=core.roles,
        clock=core.clock,
        usage=key_usage,
    )
    login_throttle = providers.Singleton(
        LoginThrottle, db=core.db, clock=core.clock, secrets=core.secrets, limits=core.limits
    )
    issuer = providers.Singleton(
        TokenIssuer, tokens=access_tokens, clock=core.clock, settings=settings
    )
    registration = providers.Singleton(Registration, accounts=accounts)
    login = providers.Singleton(
        Login,
        db=core.db,
        audit=core.audit,
        clock=core.clock,
        accounts=accounts,
        passwords=core.passwords,
        login_throttle=login_throttle,
        issuer=issuer,
        maintenance=core.maintenance,
    )
    refresh = providers.Singleton(
        Refresh,
        db=core.db,
        audit=core.audit,
        clock=core.clock,
        accounts=accounts,
        issuer=issuer,
        maintenance=core.maintenance,
        settings=settings,
    )
    token_endpoint = providers.Singleton(
        TokenEndpoint, login=login, refresh=refresh, limits=core.limits, settings=settings
    )
    sessions = providers.Singleton(SessionService, db=core.db, audit=core.audit, clock=core.clock)
    revocation = providers.Singleton(
        Revocation, db=core.db, audit=core.audit, tokens=access_tokens, sessions=sessions
    )
    reauthentication = providers.Singleton(
        PasswordReauthentication,
        db=core.db,
        audit=core.audit,
        clock=core.clock,
        accounts=accounts,
        passwords=core.passwords,
        login_throttle=login_throttle,
        sessions=sessions,
    )
    api_keys = providers.Singleton(
        ApiKeyService,
        db=core.db,
        audit=core.audit,
        clock=core.clock,
        contributions=core.contributions,
    )
    sign_in_data = providers.Singleton(
        SignInData,
        db=core.db,
        clock=core.clock,
        accounts=accounts,
        login_throttle=login_throttle,
        sessions=sessions,
        api_keys=api_keys,
    )
    cleanup = providers.Singleton(
        ExpiredDataCleanup,
        db=core.db,
        clock=core.clock,
        login_throttle=login_throttle,
        signing_keys=signing_keys,
        settings=settings,
    )
