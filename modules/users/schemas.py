from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue

from core.kit import ABSENT, FieldError, InvalidInput, MergePatch, Schema, UtcDatetime
from core.kit.platform import MEMBER, GivenPassword, NewPassword, PermissionName, RoleName
from modules.users.fields import Age, Email, Locale, Name
from modules.users.values import NewAccount

RoleNameList = Annotated[tuple[RoleName, ...], Field(max_length=50, examples=[[MEMBER]])]
PROOF = Field(default=None, description="Required to change your own e-mail address.")
PASSWORD = "correct horse battery staple"  # noqa: S105 (of the examples)


def examples(**fields: JsonValue) -> ConfigDict:
    """Return the config of a body whose example works for the user of the other examples."""
    return ConfigDict(json_schema_extra={"examples": [fields]})


class UserCreate(Schema):
    name: Name
    email: Email
    age: Age | None = None
    password: NewPassword

    def account(self) -> NewAccount:
        return NewAccount(name=self.name, email=self.email, age=self.age, password=self.password)


class RegistrationRequest(UserCreate):
    password: Annotated[NewPassword, Field(examples=[PASSWORD])]


class AdminUserCreate(UserCreate):
    roles: RoleNameList = (MEMBER,)


class AdminUserUpdate(MergePatch):
    name: Name = ABSENT
    email: Email = ABSENT
    age: Age | None = ABSENT


class RolesUpdate(Schema):
    roles: RoleNameList


class ProfileUpdate(MergePatch):
    """A merge patch; for another user only `name` and `age`."""

    model_config = examples(name="Ada Lovelace", age=36)

    name: Name = ABSENT
    email: Email = ABSENT
    age: Age | None = ABSENT
    locale: Locale | None = ABSENT
    current_password: GivenPassword | None = PROOF

    def changes(self) -> dict[str, object]:
        return sent_fields(self)

    own_changes = changes


class UserReplace(Schema):
    """All fields that may be edited: for another user `name` and `age`."""

    model_config = examples(name="Ada Lovelace", age=36)

    name: Name
    email: Email = ABSENT
    age: Age | None = None
    locale: Locale | None = ABSENT
    current_password: GivenPassword | None = PROOF

    def changes(self) -> dict[str, object]:
        """Return the fields: an absent `age` is cleared, other absent fields are unchanged."""
        return {"age": None, **sent_fields(self)}

    def own_changes(self) -> dict[str, object]:
        """Return the fields of the user's profile; the e-mail is needed. Raises InvalidInput."""
        if "email" not in self.model_fields_set:
            raise InvalidInput([FieldError("body.email", "This is required.", "missing")])
        return {"locale": None, **self.changes()}


class ProfileReplace(UserReplace):
    """All fields of your profile that may be edited."""

    model_config = examples(name="Ada Lovelace", email="ada@example.com", locale="en-GB")

    email: Email
    locale: Locale | None = None


class DeletionRequest(Schema):
    model_config = examples(password=PASSWORD)

    password: GivenPassword | None = Field(
        default=None,
        description="Required for a user with a password; others need a recent sign-in.",
    )


class DeletionRead(Schema):
    deletes_at: UtcDatetime


class UserRead(Schema):
    id: UUID
    name: str
    email: str
    age: int | None
    locale: str | None
    roles: tuple[RoleName, ...]
    permissions: tuple[PermissionName, ...]
    email_verified_at: UtcDatetime | None
    pending_email: str | None = Field(description="A new e-mail address that is not confirmed yet.")
    created_at: UtcDatetime
    updated_at: UtcDatetime


class ProfileRead(UserRead):
    pending_email: str | None


class AdminUserRead(ProfileRead):
    """The profile, and fields for admins only."""

    is_active: bool
    last_login_at: UtcDatetime | None
    deletes_at: UtcDatetime | None
    second_factor: bool = False


class PermissionRead(Schema):
    name: PermissionName
    title: str
    module: str
    roles: tuple[RoleName, ...] = Field(description="The roles with this permission.")
    scope: bool = Field(description="Whether the permission is a scope of API keys.")


class SummaryRead(Schema):
    """The number of your resources, as modules count them."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"x-members": "statistic"})
    __pydantic_extra__: dict[str, int]

    as_of: UtcDatetime


class ActivityRead(Schema):
    id: UUID
    at: UtcDatetime
    actor_id: UUID | None
    actor_kind: str
    on_behalf_of: UUID | None
    action: str
    target_kind: str
    target_id: str | None
    outcome: str
    address: str
    request_id: str
    changes: Mapping[str, object]


class ExportRead(Schema):
    """All personal data of a user, by the name of its kind."""

    exported_at: UtcDatetime
    data: dict[str, object]


def sent_fields(body: Schema) -> dict[str, object]:
    """Return the fields that the client sent, without the password that permits the change."""
    return {name: getattr(body, name) for name in body.model_fields_set - {"current_password"}}
