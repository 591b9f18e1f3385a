"""Names of permissions and roles, as bodies have them and the OpenAPI document tells them."""

from typing import Annotated

from pydantic import Field

from core.security.roles import ADMIN, MEMBER

PermissionName = Annotated[str, Field(json_schema_extra={"x-enum": "permission"})]
"""One of the permissions that the installed modules declare."""

RoleName = Annotated[str, Field(json_schema_extra={"format": "role"}, examples=[MEMBER, ADMIN])]
"""Any text to a client: further roles may come to those that there are."""
