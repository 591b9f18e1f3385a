from collections.abc import Sequence
from datetime import timedelta

from core.kit import (
    Command,
    Contribution,
    DoctorCheck,
    Export,
    Module,
    Mount,
    PersonalData,
    Schedule,
    StartupTask,
    Statistic,
    UserStatistic,
)
from core.kit.platform import Authenticator, KeyAuthenticator, Reauthentication, SecurityScheme
from modules.auth.commands import keys_group
from modules.auth.container import AuthContainer
from modules.auth.public import Sessions
from modules.auth.router.api_keys import ApiKeyController
from modules.auth.router.jwks import JwksController
from modules.auth.router.sessions import SessionController
from modules.auth.router.sign_in import SignInController
from modules.users.public import AccountClosed, AccountUnlocked


class Plugin(Module[AuthContainer]):
    container_type = AuthContainer
    controllers = (SignInController, SessionController, ApiKeyController)

    def contributions(self) -> Sequence[Contribution]:
        its = self.container
        return (
            Export(Authenticator, its.bearer_tokens),
            Export(KeyAuthenticator, its.key_authentication),
            Export(Sessions, its.sessions),
            Mount("/.well-known", (JwksController,)),
            *self.password_flow(),
            Export(Reauthentication, its.reauthentication),
            AccountUnlocked("auth.attempts", lambda email: its.login_throttle().clear(email)),
            AccountClosed("auth.sign_ins", lambda user_id: its.sign_in_data().close(user_id)),
            PersonalData(
                "auth.sign_ins",
                export={
                    "sessions": lambda user_id: its.sign_in_data().sessions(user_id),
                    "api_keys": lambda user_id: its.sign_in_data().api_keys(user_id),
                },
                erase=lambda user_id: its.sign_in_data().erase(user_id),
                tables=("auth_sessions", "auth_api_keys"),
                forget=lambda user_id: its.sign_in_data().forget(user_id),
            ),
            UserStatistic("auth.sessions", lambda user_id: its.sessions().count(user_id)),
            UserStatistic("auth.api_keys", lambda user_id: its.api_keys().count(user_id)),
            Statistic("auth.sessions", lambda: its.sessions().count_active()),
            Statistic("auth.api_keys", lambda: its.api_keys().count_active()),
            StartupTask("auth.signing_key", lambda: its.signing_keys().prepare()),
            DoctorCheck("auth.signing_keys", lambda: its.signing_keys().examine()),
            Schedule("auth.sweep", timedelta(minutes=1), lambda: its.cleanup().sweep()),
            Command("auth.keys", lambda: keys_group(its.signing_keys, self.core.db)),
        )

    def password_flow(self) -> Sequence[SecurityScheme]:
        """Return the OAuth 2 password flow, by which the documentation page signs a user in."""
        if not self.container.settings().password_grant:
            return ()
        settings = self.core.settings()
        token_url = f"{settings.public_url}{settings.api_prefix}/auth/token"
        flow = {"tokenUrl": token_url, "refreshUrl": token_url, "scopes": {}}
        description = "With your e-mail address, as username, and your password."
        scheme = {"type": "oauth2", "description": description, "flows": {"password": flow}}
        return (SecurityScheme("auth.password", scheme),)
