"""With each switch the service works, and reports at the start what it lacks."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import bindparam, select

from core.data.database import Database
from core.engine.sql.compiled_statements import compile_statement
from core.engine.switches import COMPILED_STATEMENTS, HTTP, SWITCHES, Switch
from core.kernel.contributions import WiringError
from tests.api.serving import client_at, environment, serving
from tests.core.data.conftest import tables
from tests.core.data.tables import Thing

__all__ = ["tables"]

BOUNDED = ("alembic", "asyncpg", "dependency-injector", "litestar", "sqlalchemy", "uvicorn")
NAMED = select(Thing.name).where(Thing.name == bindparam("wanted"))
LOADED = """
import sys
from core.engine.http.server import Options
Options("core.app:create_app").config()
print([name for name in sys.modules if name == "core.engine.http.protocol"])
"""


@pytest.mark.parametrize("switch", SWITCHES)
def test_an_unknown_value_names_the_switch(switch: Switch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(switch.name, "perhaps")
    with pytest.raises(WiringError, match=f"{switch.name} must be {switch.on} or {switch.off}"):
        _ = switch.is_off


@pytest.mark.process
def test_an_unknown_value_stops_the_start(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "core.cli", "serve"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment(tmp_path, {HTTP.name: "perhaps"}),
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "atrium: ATRIUM_ENGINE_HTTP must be atrium or stock, not 'perhaps'.\n" in done.stderr


@pytest.mark.process
def test_both_off_the_service_answers_and_says_what_it_lacks(tmp_path: Path) -> None:
    off = {switch.name: switch.off for switch in SWITCHES}
    with serving(tmp_path, **off) as service, client_at(service.address()) as client:
        answer = client.get("/users/me")
        assert answer.json()["code"] == "http.not_signed_in"
        assert "keep-alive" not in answer.headers  # our protocol sends it
        assert all(switch.name in service.printed for switch in SWITCHES)


@pytest.mark.process
def test_the_protocol_is_not_imported_when_it_is_switched_off(tmp_path: Path) -> None:
    """A newer uvicorn may lack the imported names."""
    for value, loaded in (("stock", "[]"), ("", "['core.engine.http.protocol']")):
        printed = subprocess.run(
            [sys.executable, "-c", LOADED],
            capture_output=True,
            text=True,
            env=environment(tmp_path, {HTTP.name: value}),
            timeout=60,
            check=True,
        ).stdout
        assert printed.strip() == loaded


@pytest.mark.parametrize("library", BOUNDED)
def test_a_library_whose_private_names_are_used_has_an_upper_bound(library: str) -> None:
    pins = Path("requirements/runtime.in").read_text().splitlines()
    assert [pin for pin in pins if pin.startswith(library) and ",<" in pin]


async def test_rows_are_written_and_read_alike_without_plans(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(COMPILED_STATEMENTS.name, "off")
    assert compile_statement(NAMED, db.engine.dialect) is None
    async with db.transaction() as tx:
        await tx.insert(Thing, name="kept", count=1, body="")
    for _ in range(3):
        async with db.read() as reads:
            assert (await reads.execute(NAMED, {"wanted": "kept"})).all() == [("kept",)]
