from collections.abc import Sequence
from datetime import timedelta

from config.settings import Settings
from core.kit import (
    Command,
    Contribution,
    Database,
    DoctorCheck,
    Export,
    Module,
    Mount,
    PersonalData,
    RateLimit,
    Schedule,
    StartupTask,
    Statistic,
    UserStatistic,
)
from core.kit.platform import (
    AddedRoutes,
    Authenticator,
    KeyAuthenticator,
    NamedErrors,
    NewPasswords,
    Reauthentication,
    SecurityScheme,
)
from modules.auth.commands import keys_group
from modules.auth.errors import NAMED_ERRORS
from modules.auth.models import ApiKey, AuthSession
from modules.auth.passwords.hashing import hashing_outside
from modules.auth.permissions import MANAGE_SESSIONS
from modules.auth.queries import LIVE_KEYS, LIVE_SESSIONS, now
from modules.auth.router.administration import SessionAdminController
from modules.auth.router.api_keys import ApiKeyController
from modules.auth.router.jwks import JwksController
from modules.auth.router.sessions import SessionController
from modules.auth.router.sign_in import SignInController
from modules.auth.service.access_tokens import AccessTokens
from modules.auth.service.api_keys import ApiKeyService
from modules.auth.service.authentication import ApiKeyAuthentication, BearerTokens
from modules.auth.service.cleanup import ExpiredDataCleanup
from modules.auth.service.issuing import TokenIssuer
from modules.auth.service.key_usage import KeyUsage
from modules.auth.service.login import Login
from modules.auth.service.login_attempts import LoginAttempts
from modules.auth.service.login_throttle import LoginThrottle
from modules.auth.service.passwords import PasswordService
from modules.auth.service.personal_data import SignInData
from modules.auth.service.reauthentication import PasswordReauthentication
from modules.auth.service.refresh import Refresh
from modules.auth.service.revocation import Revocation
from modules.auth.service.sessions import SessionService
from modules.auth.service.signing_keys import SigningKeys
from modules.auth.service.token_endpoint import TokenEndpoint
from modules.auth.settings import AuthRateSettings, AuthSettings
from modules.users.public import AccountClosed, AccountSignedOut, AccountUnlocked


class Plugin(Module):
    controllers = (SignInController, SessionController, ApiKeyController)
    services = (
        SigningKeys,
        AccessTokens,
        BearerTokens,
        KeyUsage,
        ApiKeyAuthentication,
        LoginAttempts,
        LoginThrottle,
        hashing_outside,
        PasswordService,
        TokenIssuer,
        Login,
        Refresh,
        TokenEndpoint,
        SessionService,
        Revocation,
        PasswordReauthentication,
        ApiKeyService,
        SignInData,
        ExpiredDataCleanup,
    )

    def contributions(self) -> Sequence[Contribution]:
        sessions, db = self.provider(SessionService), self.provider(Database)
        sign_in_data, login_throttle = self.provider(SignInData), self.provider(LoginThrottle)
        signing_keys, cleanup = self.provider(SigningKeys), self.provider(ExpiredDataCleanup)
        rates = self.provider(AuthRateSettings)
        return (
            Export(Authenticator, self.provider(BearerTokens)),
            Export(KeyAuthenticator, self.provider(ApiKeyAuthentication)),
            NamedErrors("auth.errors", NAMED_ERRORS),
            Mount("/.well-known", (JwksController,)),
            AddedRoutes("auth.admin", "admin", (SessionAdminController,), (MANAGE_SESSIONS,)),
            *self.password_flow(),
            RateLimit("login", lambda: rates().rate_limit_login[0]),
            RateLimit("login-account", lambda: rates().rate_limit_login[1]),
            Export(NewPasswords, self.provider(PasswordService)),
            Export(Reauthentication, self.provider(PasswordReauthentication)),
            AccountUnlocked("auth.attempts", lambda email: login_throttle().clear(email)),
            AccountClosed("auth.sign_ins", lambda user_id: sign_in_data().close(user_id)),
            AccountSignedOut(
                "auth.sessions",
                lambda user_id: sessions().end_all(user_id, "auth.end_sessions"),
            ),
            PersonalData(
                "auth.sign_ins",
                export={
                    "sessions": lambda user_id: sign_in_data().sessions(user_id),
                    "api_keys": lambda user_id: sign_in_data().api_keys(user_id),
                },
                erase=lambda user_id: sign_in_data().erase(user_id),
                tables=("auth_sessions", "auth_api_keys", "auth_passwords"),
                forget=lambda user_id: sign_in_data().forget(user_id),
            ),
            UserStatistic.of_rows("auth.sessions", db, AuthSession.user_id, LIVE_SESSIONS, now),
            UserStatistic.of_rows("auth.api_keys", db, ApiKey.user_id, LIVE_KEYS, now),
            Statistic.of_rows("auth.sessions", db, AuthSession, LIVE_SESSIONS, now),
            Statistic.of_rows("auth.api_keys", db, ApiKey, LIVE_KEYS, now),
            StartupTask("auth.signing_key", lambda: signing_keys().prepare()),
            DoctorCheck("auth.signing_keys", lambda: signing_keys().examine()),
            Schedule("auth.sweep", timedelta(minutes=1), lambda: cleanup().sweep()),
            Command("auth.keys", lambda: keys_group(signing_keys, db)),
        )

    def password_flow(self) -> Sequence[SecurityScheme]:
        """Return the OAuth 2 password flow, by which the documentation page signs a user in."""
        if not self.provider(AuthSettings)().password_grant:
            return ()
        settings = self.provider(Settings)()
        token_url = f"{settings.public_url}{settings.api_prefix}/auth/token"
        flow = {"tokenUrl": token_url, "refreshUrl": token_url, "scopes": {}}
        description = "Enter your e-mail address as the user name, and your password."
        scheme = {"type": "oauth2", "description": description, "flows": {"password": flow}}
        return (SecurityScheme("auth.password", scheme),)
