"""A module or a setting that is wrong is reported in one sentence; other commands still work."""

import re
import subprocess
from pathlib import Path

import pytest

from config.log_writer import LogWriter
from core.app import create_app
from core.cli.sentences import as_sentence
from core.data.migrations import History, MigrationError, upgrade
from core.kernel.contributions import WiringError
from tests.api.serving import ROOT
from tests.core.cli.broken_modules import BUILDING, COMMANDS, LOADING, PLUGIN, WIRING, install
from tests.core.cli.test_command_line import tell

pytestmark = pytest.mark.process

HEALTHY = "healthy"
EVERY = {HEALTHY: {}, **LOADING, **WIRING, **BUILDING, **COMMANDS}
CRASHED = "ZeroDivisionError: division by zero"
LOADED = "The module {name} cannot be loaded:"
SENTENCES = {
    "crashing": f"{LOADED} {CRASHED}, in {{here}}/__init__.py, line",
    "lacking": f"{LOADED} No module named 'nowhere_at_all', in {{here}}/plugin.py, line 1.",
    "leaving": f"{LOADED} SystemExit: I leave, in {{here}}/plugin.py, line 2.",
    "misspelt": f"{LOADED} SyntaxError: '(' was never closed, in {{here}}/plugin.py, line 1.",
    "nameless": "The module nameless has no Plugin in nameless.plugin.",
    "shapeless": f"{LOADED} Plugin in shapeless.plugin is not a Module.",
    "attribute": f"{LOADED} AttributeError: type object 'int' has no attribute 'nothing', "
    "in {here}/plugin.py, line",
    "baseless": f"{LOADED} Stop: at once, in {{here}}/plugin.py, line 2.",
    "wordless": f"{LOADED} E, in {{here}}/plugin.py, line 3.",
    "unmade": f"The module unmade cannot be built: {CRASHED}, in {{here}}/plugin.py, line",
    "ungiving": f"The module ungiving cannot be built: {CRASHED}, in {{here}}/plugin.py, line",
    "oddly": "The module oddly contributes 5, which is not a Contribution.",
    "uncooked": f"The command uncooked.cook cannot be made: {CRASHED}, in {{here}}/plugin.py, line",
    "raw": "The command raw.cook cannot be made: TypeError: 5 is not a click command, in {here}",
    "unset": f"The settings of unset cannot be loaded: {CRASHED}, in {{here}}/settings.py, line",
    "unread": f"The settings of unread cannot be read: {CRASHED}, in {{here}}/settings.py, line",
    "unbuilt": f"unbuilt cannot build its Stove: {CRASHED}, in {{here}}/service.py, line",
    "unreadable": "unreadable.router.Kitchen.cook cannot be registered: NameError: name 'Stove' is",
    "unrouted": "The routes of unrouted cannot be made: ImproperlyConfiguredException: ",
    "unshown": f"unshown.public cannot be loaded: {CRASHED}, in {{here}}/public.py, line",
    "unserved": "The services of unserved cannot be read: NameError: name 'Heat' is not defined",
}
TOLD_BY_HELP = {*LOADING, *COMMANDS, "unset", "unmade", "ungiving", "oddly"}
TOLD_BY_SETTINGS = {*LOADING, "unset", "unread"}

Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which every module that fails is installed."""
    folder = tmp_path_factory.mktemp("broken")
    for name, files in EVERY.items():
        install(folder / "site", name, **files)
    return folder


def told(folder: Path, *command: str, **settings: str) -> Done:
    done = tell(folder, *command, PYTHONPATH=f"{folder / 'site'}:{ROOT}", **settings)
    assert "Traceback" not in done.stdout + done.stderr
    return done


def named(folder: Path, text: str) -> set[str]:
    """Return the modules that have an error in the text."""
    site = folder / "site"
    return {
        name for name, it in SENTENCES.items() if it.format(name=name, here=site / name) in text
    }


def test_help_lists_what_there_is_and_says_what_is_not(every: Path) -> None:
    done = told(every, "--help", PORT="abc")
    assert (done.returncode, done.stderr) == (0, "")
    assert named(every, done.stdout) == TOLD_BY_HELP
    assert "PORT must be a whole number" in done.stdout
    commands, _, _ = done.stdout.partition("Not loaded:")
    for command in ("serve", "doctor", "user", "keys", HEALTHY, "unread", "unbuilt"):
        assert re.search(rf"^  {command} ", commands, re.MULTILINE), command
    assert not re.search(r"^  (uncooked|lacking|unset) ", commands, re.MULTILINE)


def test_help_of_a_command_goes_on(every: Path) -> None:
    assert told(every, "user", "--help", PORT="abc").returncode == 0
    assert told(every, "--version", PORT="abc").returncode == 0


def test_settings_are_listed_but_for_what_is_wrong(every: Path) -> None:
    right = {"HEALTHY_HEAT": "3", "UNBUILT_HEAT": "x", "WORKERS": "2"}
    done = told(every, "settings", PORT="abc", **right)
    assert done.returncode == 1
    assert named(every, done.stderr) == TOLD_BY_SETTINGS
    assert "PORT must be a whole number" in done.stderr
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines()}
    assert rows["PORT"] == ["(wrong)", "environment"]
    assert rows["UNBUILT_HEAT"] == ["(wrong)", "environment"]
    assert rows["WORKERS"] == ["2", "environment"]
    assert rows["HEALTHY_HEAT"] == ["3", "environment"]
    assert rows["FILES_MAX_BYTES"][-1] == "default"


def test_modules_are_listed_but_for_those_that_fail(every: Path) -> None:
    done = told(every, "module", "list")
    assert done.returncode == 1
    assert named(every, done.stderr) == {*LOADING, "unset"}
    listed = [line.split()[0] for line in done.stdout.splitlines()]
    assert {"module", "users", HEALTHY, "unbuilt"} <= {*listed} and not {*LOADING} & {*listed}


def test_the_doctor_goes_on(every: Path) -> None:
    done = told(every, "doctor")
    assert done.returncode == 1
    assert named(every, done.stdout) == TOLD_BY_SETTINGS
    assert "ok   clock: plausible" in done.stdout and "MB free" in done.stdout
    assert len(set(done.stdout.splitlines())) == len(done.stdout.splitlines())


@pytest.mark.parametrize(
    "command", ["migrate", "serve", "routes", "user unlock a@example.com", "raw"]
)
def test_what_needs_every_module_refuses_in_one_sentence(every: Path, command: str) -> None:
    done = told(every, *command.split())
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("atrium: ") and len(done.stderr.splitlines()) == 1
    assert named(every, done.stderr)


@pytest.mark.parametrize("name", [*LOADING, *WIRING, *BUILDING])
def test_each_keeps_the_application_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log_lines: LogWriter, name: str
) -> None:
    install(tmp_path / "site", name, **EVERY[name])
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.setenv("ENVIRONMENT", "test")
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    with pytest.raises(WiringError) as refused:
        create_app(lines=log_lines)
    assert named(tmp_path, str(refused.value)) == {name}


def test_a_command_that_two_modules_give_is_of_neither(tmp_path: Path) -> None:
    for name in ("kitchen", "canteen"):
        cook = PLUGIN.replace('@command("{name}"', '@command("cook"')
        install(tmp_path / "site", name, plugin=cook)
    sentence = "The command cook is contributed by canteen and by kitchen: rename one."
    done = told(tmp_path, "--help")
    assert done.returncode == 0
    commands, _, failures = done.stdout.partition("Not loaded:")
    assert not re.search(r"^  cook ", commands, re.MULTILINE) and sentence in failures
    done = told(tmp_path, "cook")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"atrium: There is no command cook. {sentence}\n"
    done = told(tmp_path, "module", "check")
    assert f"\n{sentence[0].lower()}{sentence[1:-1]}\n" in done.stdout


def test_a_module_that_is_left_out_may_be_broken(tmp_path: Path) -> None:
    install(tmp_path / "site", "lacking", **LOADING["lacking"])
    install(tmp_path / "site", "unset", **WIRING["unset"])
    assert told(tmp_path, "migrate", MODULES="users,auth,health").returncode == 0
    assert told(tmp_path, "seed", MODULES="users,auth,health").returncode == 0


REVISION = "revision = 'crumbly_first'\ndown_revision = None\n"


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("revision = (", "{file}, line 1, is not Python: '(' was never closed."),
        ("revision = print", "{file} must give revision and down_revision as plain text."),
        (
            REVISION + "1 / 0",
            f"A revision of crumbly cannot be run: {CRASHED}, in {{file}}, line 3.",
        ),
        (
            REVISION + "def upgrade():\n    1 / 0",
            f"A revision of crumbly cannot be run: {CRASHED}, in {{file}}, line 4.",
        ),
    ],
    ids=["syntax", "names", "load", "run"],
)
def test_a_revision_that_fails_is_told_with_its_place(
    tmp_path: Path, source: str, sentence: str
) -> None:
    file = tmp_path / "20260101_first.py"
    file.write_text(source)
    with pytest.raises((WiringError, MigrationError)) as refused:
        upgrade(f"sqlite:///{tmp_path / 'atrium.db'}", [History("crumbly", tmp_path)])
    assert as_sentence(refused.value) == sentence.format(file=file)
