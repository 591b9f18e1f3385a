"""`cases.md` names each case once, and only existing tests."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from re import findall

import pytest

TESTS = Path(__file__).parent
CASES = {
    "AN": (
        "01 02 04 05 07 08 10 11 13 14 16 17 19 20 22 23 25 26 28 29 31 32 34 35 37 "
        "38 40 41 43 44 46 47 49 50 52 53 55 56 58 59 61 62 64 65 67 68 70 71 73 74 "
        "76 77 79 80 82 83 85 86"
    ),
    "AZ": "01 02 04 05 07 08 10 11 13 14 16",
    "FL": (
        "01 02 04 05 07 08 10 11 13 14 16 17 19 20 22 23 25 26 28 29 31 32 34 35 37 "
        "38 40 41 43 44 46 47"
    ),
    "IN": "01 02 04 05 07 08 10 11 13 14 16 17 19 20",
    "HT": "01 02 04 05 07 08 10 11 13 14 16 17 19 20",
    "AD": "01 02 04 05 07 08 10 11",
    "FT": "01 02 04 05 07 08 10 11 13 14 16 17 19 20 22 23",
}


def rows() -> list[list[str]]:
    lines = (TESTS / "cases.md").read_text().splitlines()
    return [[each.strip() for each in line.strip("|").split("|")] for line in lines if "-" in line]


FAULTS = {"LD", "DB", "AC", "CL", "MO", "OA"}

ROWS = [row for row in rows() if row[0].partition("-")[0] in CASES]
FOUND = [row for row in rows() if row[0].partition("-")[0] in FAULTS]


def test_every_case_is_there_once() -> None:
    known = [f"{kind}-{number}" for kind, all_ in CASES.items() for number in all_.split()]
    assert [case for case, _, _ in ROWS] == known


@pytest.mark.parametrize(("case", "_", "where"), ROWS, ids=[row[0] for row in ROWS])
def test_the_tests_of_a_case_exist(case: str, _: str, where: str) -> None:
    named = findall(r"`([^`:]+)::([^`]+)`", where)
    assert named or where.startswith("later: ")
    for path, name in named:
        assert name in names_in(TESTS.parent / path), f"{path}::{name}"


def test_every_fault_is_there_once() -> None:
    assert len({fault for fault, _, _ in FOUND}) == len(FOUND)


@pytest.mark.parametrize(("fault", "_", "where"), FOUND, ids=[row[0] for row in FOUND])
def test_the_tests_of_a_fault_exist(fault: str, _: str, where: str) -> None:
    named = findall(r"`([^`:]+)::([^`]+)`", where)
    assert named
    for path, name in named:
        assert name in names_in(TESTS.parent / path), f"{path}::{name}"


@cache
def names_in(path: Path) -> frozenset[str]:
    """Return the names of the tests in the file, each with its class."""
    return frozenset(names_of(ast.parse(path.read_text()).body, ""))


def names_of(statements: list[ast.stmt], prefix: str) -> Iterator[str]:
    for each in statements:
        if isinstance(each, ast.ClassDef):
            yield from names_of(each.body, f"{prefix}{each.name}::")
        elif isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix + each.name
