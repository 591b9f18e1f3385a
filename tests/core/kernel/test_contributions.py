"""The contributions of all modules, or of one."""

from core.kernel.contributions import Contributions
from core.kernel.principal import Permission

READ = Permission("notes:read", "Read notes.")


def test_a_module_that_is_not_installed_has_none() -> None:
    contributions = Contributions()
    contributions.fill({"notes": [READ]})
    assert contributions.of(Permission, "notes") == [READ]
    assert contributions.of(Permission, "nowhere") == []
