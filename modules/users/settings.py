from datetime import timedelta

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from config.settings import ModuleSettings


class UsersSettings(ModuleSettings):
    model_config = SettingsConfigDict(env_prefix="USERS_")

    deletion_grace_days: int = Field(
        default=7,
        ge=0,
        le=365,
        description="Days until an account that its owner deleted is erased; 0 is at once.",
    )

    @property
    def deletion_grace(self) -> timedelta:
        return timedelta(days=self.deletion_grace_days)
