import pytest

from core.kernel.contributions import Contributions
from core.kernel.errors import InvalidInput
from core.kernel.principal import Permission
from core.security.roles import Roles

OWN = Permission("notes:write", "Write one's own notes.", member=True)
EVERY = Permission("notes:manage", "Manage every note.")


@pytest.fixture
def roles() -> Roles:
    contributions = Contributions()
    contributions.fill({"notes": [OWN, EVERY]})
    return Roles(contributions)


def test_admin_has_all_and_member_what_is_for_ones_own(roles: Roles) -> None:
    assert roles.permissions_of(["admin"]) == {"notes:write", "notes:manage"}
    assert roles.permissions_of(["member"]) == {"notes:write"}
    assert roles.permissions_of(("member", "admin")) == roles.permissions_of(["admin"])
    assert roles.permissions_of([]) == roles.permissions_of(["gone"]) == frozenset()


def test_unknown_roles_are_named(roles: Roles) -> None:
    assert roles.check(["member", "admin", "member"]) == ("admin", "member")
    with pytest.raises(InvalidInput) as refused:
        roles.check(["member", "owner", ""])
    assert [each.location for each in refused.value.errors] == ["body.roles.1", "body.roles.2"]
