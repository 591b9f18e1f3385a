"""`atrium doctor`: checks settings, database, storage, clock and keys, and says what to do."""

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from shutil import disk_usage
from time import time

import click

from config.settings import load_settings
from core.cli.loading import UNNAMED_POOLER, loaded_settings, require_migrated, run
from core.cli.sentences import CommandFailed, as_sentence
from core.engine.sql import sqlite_path
from core.operations.contributions import DoctorCheck, HealthCheck
from core.operations.health import ask
from core.wiring.container import CoreContainer

Finding = tuple[bool, str]
EARLIEST_TIME = 1_764_547_200  # December 2025: a correct clock is later
MIN_FREE_BYTES = 200_000_000


@click.command()
def doctor() -> None:
    """Check settings, clock, disk, database and services; exit with status 1 for a problem."""
    findings = list(run_checks())
    for good, text in findings:
        mark = click.style("ok   ", fg="green") if good else click.style("fix  ", fg="red")
        click.echo(mark + text)
    sys.exit(int(not all(good for good, _ in findings)))


def run_checks() -> Iterator[Finding]:
    """Yield each finding once; stop at a CommandFailed, such as missing tables."""
    reported = set[str]()
    for check in CHECKS:
        try:
            for good, text in check():
                reported.add(text)
                yield good, text
        except Exception as error:
            text = as_sentence(error) or f"{name_of(check)}: {type(error).__name__}: {error}"
            if text not in reported:
                reported.add(text)
                yield False, text
            if isinstance(error, CommandFailed):
                return


def name_of(check: Callable[[], Iterator[Finding]]) -> str:
    return check.__name__.removeprefix("check_")


def check_settings() -> Iterator[Finding]:
    """Yield wrong settings, and modules that cannot be loaded, whose settings are unknown."""
    from core.wiring.settings import report_settings

    findings = report_settings().findings
    yield from ((False, finding) for finding in findings)
    if not findings:
        checked = loaded_settings()
        yield True, f"settings: {checked.environment}, served as {checked.public_url}"


def check_clock() -> Iterator[Finding]:
    right = time() > EARLIEST_TIME
    state = "plausible" if right else "the time is wrong: set it, because tokens depend on it."
    yield right, f"clock: {state}"


def check_disk() -> Iterator[Finding]:
    folder = load_settings().data_dir
    folder.mkdir(parents=True, exist_ok=True)
    writable = os.access(folder, os.W_OK)
    yield writable, f"{folder}: {'writable' if writable else 'make it writable for this user.'}"
    free = disk_usage(folder).free
    enough = free > MIN_FREE_BYTES
    yield enough, f"{folder}: {free // 1_000_000} MB free{'' if enough else '; free some space.'}"


def check_pooler() -> Iterator[Finding]:
    """Yield the mode of the pooler in front of PostgreSQL, if there is one."""
    from core.data.poolers import Pooler, find_pooler

    settings = load_settings()
    url = settings.database_url.get_secret_value()
    if sqlite_path(url):
        return
    mode = asyncio.run(find_pooler(url))
    if mode is Pooler.transaction and settings.database_pooler is None:
        yield False, f"pooler: {UNNAMED_POOLER}"
    else:
        yield True, f"pooler: {f'in {mode.value} mode' if mode else 'none'}"


def check_schema() -> Iterator[Finding]:
    require_migrated()
    yield True, "schema: up to date"


def check_models() -> Iterator[Finding]:
    from core.cli.models import differences

    sentences = differences()
    yield from ((False, f"models: {sentence}") for sentence in sentences)
    if not sentences:
        yield True, "models: match the migrations"


def check_parts() -> Iterator[Finding]:
    yield from run(ask_parts)


async def ask_parts(core: CoreContainer) -> list[Finding]:
    findings: list[Finding] = []
    for health in core.contributions().of(HealthCheck):
        result = await ask(health)
        state = "works" if result.ok else f"fails: {result.reason}"
        findings.append((result.ok, f"{result.name}: {state}"))
    for check in core.contributions().of(DoctorCheck):
        advice = await advice_of(check)
        findings.append((advice is None, f"{check.name.rpartition('.')[2]}: {advice or 'ok'}"))
    return findings


CHECKS = (
    check_settings,
    check_clock,
    check_disk,
    check_pooler,
    check_schema,
    check_models,
    check_parts,
)


async def advice_of(check: DoctorCheck) -> str | None:
    try:
        return await check.advise()
    except Exception as error:
        return as_sentence(error) or f"{type(error).__name__}: {error}"
