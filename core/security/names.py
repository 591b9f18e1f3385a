"""Types of permission and role names in bodies and in the OpenAPI document."""

from typing import Annotated

from pydantic import Field

from core.security.roles import ADMIN, MEMBER

PermissionName = Annotated[str, Field(json_schema_extra={"x-enum": "permission"})]
"""The name of a permission that an installed module declares."""

RoleName = Annotated[str, Field(json_schema_extra={"format": "role"}, examples=[MEMBER, ADMIN])]
"""The name of a role. A client must accept any text, because roles may be added."""
