"""`python -m tests.private`: find private attributes that tests touch.

A test of a private attribute fails when the class is rewritten, although the class still works. It
can use HTTP, the container of core, a port, or the clock of `core.testing` instead.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parent
PUBLIC = {"_asdict", "_exit", "_fields", "_getframe", "_mapping", "_replace"}
"""Names with an underscore that Python and SQLAlchemy document."""
SETTERS = {"delattr", "getattr", "setattr"}
REASONS = {
    "api/faults.py": "the statements that PostgreSQL receives pass no public method",
    "contracts/test_lists.py": "SQLAlchemy compiles no EXPLAIN",
    "core/data/test_cancelled_transactions.py": "only the pool has its lent connections",
    "core/engine": "these are tests of the engine, which has no other reader",
    "core/kernel/test_ids.py": "a test that travels in time leaves a later last id",
}
"""The files and folders that may touch private attributes, each with the reason."""


def findings(source: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the name of each private attribute that is not of `self` or `cls`."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(value=ast.Name(id="self" | "cls")):
                continue
            case ast.Attribute(attr=name) if is_private(name):
                yield node.lineno, name
            case ast.Call(func=ast.Attribute(attr=setter) | ast.Name(id=setter)):
                if setter in SETTERS:
                    yield from ((node.lineno, name) for name in named_by(node))


def named_by(call: ast.Call) -> Iterator[str]:
    """Yield the private names in the first arguments: `setattr(it, "_x", …)`, `setattr("a._x")`."""
    for argument in call.args[:2]:
        match argument:
            case ast.Constant(value=str(path)):
                yield from filter(is_private, path.split("."))


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name not in PUBLIC


def is_allowed(name: str) -> bool:
    return any(name == each or name.startswith(f"{each}/") for each in REASONS)


def main() -> None:
    files = {file.relative_to(FOLDER).as_posix(): file for file in FOLDER.rglob("*.py")}
    found = [
        f"tests/{name}:{line}: {attribute}"
        for name, file in sorted(files.items())
        if not is_allowed(name)
        for line, attribute in findings(file.read_text())
    ]
    print("\n".join(found), end="\n" * bool(found))
    if found:
        sys.exit(f"{len(found)} private attributes: {__doc__ and __doc__.splitlines()[3]}")


if __name__ == "__main__":
    main()
