"""`python -m tests.pins`: pin the names that are stored, or that operators and clients rely on.

Each module has them in `tests/modules/<module>/names.txt`, and core in `tests/core/names.txt`. A
delivery waits under the name of its listener, a role has permissions, a dashboard reads statistics:
so a test fails when such a name has gone. An example of each new event is stored beside the names,
in `events/<name>.json`, which later releases must still read.
"""

import ast
import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

from litestar import Litestar
from polyfactory.factories import DataclassFactory

from config.settings import ModuleSettings, Settings
from core.app import build_app
from core.events.payloads import encode
from core.kernel.contributions import Contribution, Contributions
from core.kernel.errors import ProblemError
from core.kernel.events import Event, Listener, Schedule
from core.kernel.principal import Permission
from core.operations.contributions import (
    Command,
    HealthCheck,
    PersonalData,
    Statistic,
    UserStatistic,
)
from core.security.limits import RateLimit
from core.web.problems import errors_with_code
from core.web.route_options import options_of
from core.wiring.plugin import CorePlugin
from core.wiring.registry import load_modules
from core.wiring.subject import Subject, subjects_of

CONTRIBUTED: dict[str, type[Contribution]] = {
    "command": Command,
    "health check": HealthCheck,
    "listener": Listener,
    "permission": Permission,
    "personal data": PersonalData,
    "rate limit": RateLimit,
    "schedule": Schedule,
    "statistic": Statistic,
    "user statistic": UserStatistic,
}


ACTION = re.compile(r"[a-z]+\.[a-z_]+")


def file_of(owner: str) -> Path:
    folder = Path("tests") if owner == "core" else Path("tests", "modules")
    return folder / owner / "names.txt"


def payload_file(owner: str, kind: type[Event]) -> Path:
    return file_of(owner).parent / "events" / f"{kind.name}.json"


def names_of(app: Litestar) -> dict[str, list[str]]:
    """Return the names of core and of each module, as the lines of its file."""
    contributions = app.plugins.get(CorePlugin).container.contributions()
    classes = load_modules().settings
    names: dict[str, Iterable[str]] = {"core": [*settings([Settings]), *errors("core")]}
    for subject in subjects_of(app):
        parts = (
            settings(classes[subject.name]),
            errors(subject.package),
            events(subject),
            actions(subject),
        )
        names[subject.name] = chain(*parts)
    return {
        owner: sorted({*lines, *contributed(contributions, owner)})
        for owner, lines in names.items()
    }


def contributed(contributions: Contributions, owner: str) -> Iterator[str]:
    for title, kind in CONTRIBUTED.items():
        yield from (f"{title} {it.name}" for it in contributions.of(kind, owner))


def settings(classes: Iterable[type[ModuleSettings]]) -> Iterator[str]:
    return (f"setting {name}" for kind in classes for name in kind.names().values())


def errors(package: str) -> Iterator[str]:
    return (
        f"error {it.code}"
        for it in errors_with_code(ProblemError)
        if it.__module__.startswith(f"{package}.")
    )


def events_of(subject: Subject) -> Iterator[type[Event]]:
    for kind in (*subject.classes("public"), *subject.classes("events")):
        if issubclass(kind, Event):
            yield kind


def events(subject: Subject) -> Iterator[str]:
    return (f"event {kind.name}" for kind in events_of(subject))


def actions(subject: Subject) -> Iterator[str]:
    """Yield the names of the audit trail: those of routes, and those that services pass on."""
    for handler in subject.operations:
        if name := options_of(handler).audit:
            yield f"audit {name}"
    contributed = {it.name for it in subject.contributed(Contribution)}
    for file in sorted(subject.module.folder.rglob("*.py")):
        for method, text in texts_passed(file.read_text()):
            is_action = ACTION.fullmatch(text) and text.partition(".")[0] in subject.modules
            if is_action and (text not in contributed or method.startswith("record")):
                yield f"audit {text}"


def texts_passed(source: str) -> Iterator[tuple[str, str]]:
    """Yield the texts that methods are called with: `tx.record("posts.publish", post)`."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Attribute(attr=method), args=arguments):
                for argument in arguments:
                    match argument:
                        case ast.Constant(value=str(text)):
                            yield method, text


def store_example(kind: type[Event], file: Path) -> None:
    """Write an example of the event, unless the file has one already."""
    if not file.exists():
        payload = json.loads(encode(DataclassFactory.create_factory(kind).build()))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{json.dumps(payload, indent=2, ensure_ascii=False)}\n")


def main() -> None:
    with TemporaryDirectory() as folder:
        app = build_app(Settings(environment="test", data_dir=Path(folder)))
        for owner, lines in names_of(app).items():
            if lines:
                file_of(owner).parent.mkdir(parents=True, exist_ok=True)
                file_of(owner).write_text("".join(f"{line}\n" for line in lines))
        for subject in subjects_of(app):
            for kind in events_of(subject):
                store_example(kind, payload_file(subject.name, kind))


if __name__ == "__main__":
    main()
