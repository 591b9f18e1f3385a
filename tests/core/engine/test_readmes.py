"""The README of each engine names the members of a library that the library does not document."""

import re
from inspect import getsource
from pathlib import Path

import pytest
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

ENGINE = Path("core/engine")
OF_UVICORN = ("protocol.py", "response_writer.py")
USED = re.compile(r"(?:def |(?:self|cycle|flow|_running|super\(\))\.)(\w+)")
PRIVATE = re.compile(r"\b(?!self|cls|os)\w+\.(_[a-z]\w*)")
OWN = re.compile(r"(?:def |self\.|\")(_[a-z]\w*)")


def named_in(folder: str) -> set[str]:
    return set(re.findall(r"`(\w+)`", (ENGINE / folder / "README.md").read_text()))


@pytest.mark.parametrize("kind", [HttpToolsProtocol, RequestResponseCycle, FlowControl])
def test_every_member_of_uvicorn_that_is_used(kind: type) -> None:
    source = "".join((ENGINE / "http" / name).read_text() for name in OF_UVICORN)
    members = {*vars(kind), *re.findall(r"self\.(\w+)", getsource(kind))}
    used = {name for name in members & set(USED.findall(source)) if not name.startswith("__")}
    assert used and used <= named_in("http")


@pytest.mark.parametrize("folder", ["http", "sql"])
def test_every_private_attribute_of_a_library(folder: str) -> None:
    source = "".join(file.read_text() for file in (ENGINE / folder).rglob("*.py"))
    assert set(PRIVATE.findall(source)) - set(OWN.findall(source)) <= named_in(folder)
