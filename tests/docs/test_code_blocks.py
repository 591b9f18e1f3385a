"""Each code block of the pages works as its page says."""

import configparser
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_urlsafe
from shutil import which
from time import monotonic, sleep
from urllib.request import urlopen

import pytest

from config.settings import SettingsError
from config.settings.environment import read_env_file
from config.settings.platform import Settings
from config.settings.safety import check_module_safety, check_safety
from config.settings.secret_key import is_sample
from core.wiring.registry import discover
from tests.docs.answers import differs
from tests.docs.kit_page import PAGE as KIT_PAGE
from tests.docs.pages import (
    KOREAN,
    LANGUAGES,
    PAGES,
    ROOT,
    SAMPLES,
    Block,
    blocks_of,
    speaks_of,
    steps_of,
)
from tests.docs.settings_page import every_class
from tests.docs.shell import Server, run_page
from tests.docs.tutorials import TUTORIALS, files_of, in_tree
from tests.ports import free_port

pytestmark = pytest.mark.timeout(300)

START_LIMIT_S = 60
EVERY_RATE = {
    "RATE_LIMIT_ANONYMOUS": "10000/minute",
    "RATE_LIMIT_LOGIN": "1000/minute",
    "RATE_LIMIT_REGISTER": "1000/hour",
}


def installed(page: Path) -> bool:
    return all(module in discover() or not speaks_of(page, module) for module in SAMPLES)


HERE = [page for page in PAGES if installed(page) and not page.name.endswith(KOREAN)]


def having(*languages: str) -> list[Block]:
    return [each for page in HERE for each in blocks_of(page) if each.language in languages]


def programs_in(page: Path) -> list[Block]:
    """Return the blocks that are programs, and not files of the tutorial."""
    return [each for each in blocks_of(page) if each.language == "python" and not each.file]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("served")) as server:
        yield server


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    port = free_port()
    given = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PORT": str(port), **EVERY_RATE}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "core.cli", "serve", "--seed"],
            cwd=folder, env=given, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            wait_for(f"http://127.0.0.1:{port}/health/ready", process, folder / "log")
            password = (folder / "var" / "first-admin.txt").read_text().split()[1]
            yield Server(f"127.0.0.1:{port}", folder / "var", password)
        finally:
            process.terminate()
            status = process.wait(40)
    assert status == 0, (folder / "log").read_text()


def wait_for(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = monotonic() + START_LIMIT_S
    while monotonic() < until and process.poll() is None:
        try:
            urlopen(address, timeout=5).close()  # noqa: S310
            return
        except OSError:
            sleep(0.05)
    raise AssertionError(f"The service did not start:\n{log.read_text()}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_is_of_a_kind_that_is_checked(page: Path) -> None:
    assert [str(each) for each in blocks_of(page) if each.language not in LANGUAGES] == []


@pytest.mark.process
@pytest.mark.parametrize(
    "page", [page for page in HERE if list(steps_of(page))], ids=lambda page: page.name
)
def test_commands_answer_as_shown(page: Path, server: Server, tmp_path: Path) -> None:
    assert which("curl"), "curl is missing: install it (Debian and Ubuntu: apt install curl)."
    steps = list(steps_of(page))
    for step, output in zip(steps, run_page(steps, server, tmp_path), strict=True):
        if step.answer:
            difference = differs(step.answer.language, step.answer.text, output)
            assert difference is None, f"{step.answer}: {difference}"
        else:
            assert "/docs/problems/" not in output, f"{step.command} was refused:\n{output}"


SECRETS = ("SECRET_KEY", "ADMIN_PASSWORD", "METRICS_TOKEN")
SAMPLE_SECRETS = [
    (block, name) for block in having("env") for name in SECRETS if f"{name}=" in block.text
]


@pytest.mark.parametrize("block", having("env"), ids=str)
def test_settings_are_accepted(block: Block, tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(block.text)
    given = read_env_file(file)
    classes = every_class()
    assert set(given) <= {name for each in classes for name in each.names().values()}
    for each in classes:
        each.read(given)
    own = {name: own_secret() if is_sample(value) else value for name, value in given.items()}
    check_safety(Settings.read(own), own)


@pytest.mark.parametrize(("block", "name"), SAMPLE_SECRETS, ids=str)
def test_production_refuses_each_secret_of_the_guide(block: Block, name: str) -> None:
    given = settings_in(block)
    own = {each: own_secret() for each in SECRETS if each != name}
    settings = Settings.read(given | own)
    with pytest.raises(SettingsError, match=f"^{name} must be your own"):
        check_safety(settings, given)
        for each in every_class():
            check_module_safety(each.read(given | own), settings)


def settings_in(block: Block) -> dict[str, str]:
    return dict(line.split("=", 1) for line in block.text.splitlines() if "=" in line)


def own_secret() -> str:
    return token_urlsafe(48)


@pytest.mark.parametrize("block", having("ini"), ids=str)
def test_unit_files_are_well_formed(block: Block) -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.read_string(block.text)
    assert unit.sections()


@pytest.mark.skipif(which("caddy") is None, reason="caddy is needed: apt install caddy.")
@pytest.mark.parametrize("block", having("caddy"), ids=str)
def test_caddy_profiles_are_well_formed(block: Block, tmp_path: Path) -> None:
    (tmp_path / "Caddyfile").write_text(block.text)
    command = ["caddy", "adapt", "--config", str(tmp_path / "Caddyfile"), "--adapter", "caddyfile"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("block", having("nginx"), ids=str)
def test_nginx_profiles_are_well_formed(block: Block) -> None:
    text = re.sub(r"#.*", "", block.text)
    assert text.count("{") == text.count("}")
    for line in filter(None, map(str.strip, text.splitlines())):
        assert line.endswith((";", "{", "}")), line


@pytest.mark.parametrize("block", [each for each in having("json")], ids=str)
def test_json_is_json(block: Block) -> None:
    assert differs("json", block.text, block.text) is None


@pytest.mark.process
@pytest.mark.parametrize(
    "page",
    [page for page in HERE if programs_in(page) and page != KIT_PAGE],
    ids=lambda page: page.name,
)
def test_python_runs(page: Path, tmp_path: Path) -> None:
    """All blocks of a page are one program, so that later ones may use names of earlier ones."""
    blocks = programs_in(page)
    program = tmp_path / "program.py"
    program.write_text("\n".join(textwrap.dedent(each.text) for each in blocks))
    ended = in_tree([sys.executable, "-W", "error", str(program)], ROOT)
    assert ended.returncode == 0, f"{page.name}: {ended.stdout}{ended.stderr}"


@pytest.mark.process
@pytest.mark.parametrize("module", TUTORIALS)
def test_the_module_of_the_tutorial_works(module: str, tree: Path) -> None:
    ended = in_tree([
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist",
        "-k", f"{module} and not postgresql",
        f"tests/modules/{module}", "tests/contracts", "tests/api/test_access_matrix.py",
        "tests/api/test_conditional_writes.py",
    ], tree)  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert re.search(r"\b[1-9]\d* passed", ended.stdout), ended.stdout


@pytest.mark.process
@pytest.mark.parametrize(("module", "page"), TUTORIALS.items(), ids=list(TUTORIALS))
def test_the_module_of_the_tutorial_keeps_the_rules(module: str, page: Path, tree: Path) -> None:
    checked = in_tree([sys.executable, "-m", "core.cli", "module", "check", module], tree)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    code = [str(each.file) for each in files_of(page)]
    for command in (["check"], ["format", "--check"]):
        linted = in_tree([sys.executable, "-m", "ruff", *command, "--no-cache", *code], tree)
        assert linted.returncode == 0, linted.stdout + linted.stderr
