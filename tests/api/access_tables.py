"""The access tables of core and of the modules, which tests of every route read."""

from importlib import import_module
from pathlib import Path

from core.testing import AccessTable
from core.wiring.registry import in_folder


def file_of(owner: str) -> Path:
    """Return the file with the access table of a module, or of core."""
    return Path("tests/api/access.py" if owner == "core" else f"tests/modules/{owner}/access.py")


def table_of(owner: str) -> AccessTable | None:
    file = file_of(owner)
    if not file.exists():
        return None
    table: AccessTable = import_module(".".join(file.with_suffix("").parts)).ACCESS
    return table


OWNERS = ["core", *sorted(entry.name for entry in in_folder("modules"))]
"""The packages that have their tests here; an installed module has its tests elsewhere."""
TABLES = {owner: table for owner in OWNERS if (table := table_of(owner))}
ROWS = [(owner, row) for owner, table in TABLES.items() for row in table.rows]
