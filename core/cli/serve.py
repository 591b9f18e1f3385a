"""`atrium serve`: runs the startup tasks, then serves until the process is stopped."""

import sys
from functools import partial
from inspect import getfile
from pathlib import Path

import click
import structlog
from sqlalchemy import text

from config.settings import Settings
from core.cli.loading import (
    core_of_application,
    database_url,
    installed_histories,
    loaded_application,
    loaded_settings,
    require_migrated,
    respect_pooler,
    run,
)
from core.cli.seed import run_seeds
from core.cli.sentences import DAMAGED_FILE, CommandFailed, as_sentence
from core.data.database import Database
from core.data.migrations import pending, upgrade
from core.engine.sql import give_up_spare, sqlite_path
from core.engine.switches import SWITCHES
from core.operations.contributions import StartupTask
from core.wiring.container import CoreContainer

log = structlog.get_logger(__name__)

APPLICATION = "core.cli.loading:loaded_application"
RELOADED = "core.cli.serve:reloaded_application"
PROJECT = Path(__file__).parents[2]
SOURCES = ("config", "core", "modules", "migrations")
SIZE = text("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
EVERY_PAGE = text("PRAGMA quick_check(1)")
CHECKED_BYTES = 1_000_000_000


@click.command()
@click.option("--seed", is_flag=True, help="In development, add sample data first.")
@click.option("--reload", is_flag=True, help="Restart when a source file changes.")
def serve(seed: bool, reload: bool) -> None:
    """Serve the application on HOST and PORT, with WORKERS processes."""
    from core.engine.http.server import CannotListen, Options  # loads uvicorn
    from core.engine.http.server import serve as serve_until_stopped

    respect_pooler()
    settings = loaded_settings()
    bring_up_to_date(settings)
    with_samples = seed and settings.environment == "development"
    run(partial(prepare, with_samples=with_samples), core_of_application)
    report_switches()
    options = Options(
        RELOADED if reload else APPLICATION,
        reload_dirs=watched_folders(settings) if reload else (),
        trusted_proxies=settings.trusted_proxies,
        keep_alive_s=settings.keep_alive_s,
        delay_s=0 if reload else settings.shutdown_delay_s,
    )
    greet_once = partial(greet, settings)
    try:
        status = serve_until_stopped(
            options, settings.host, settings.port, settings.workers, greet_once
        )
    except CannotListen as error:
        raise CommandFailed(str(error)) from None
    sys.exit(status)


def report_switches() -> None:
    """Log what the service lacks. Raises WiringError for a switch with an unknown value."""
    for switch in SWITCHES:
        if switch.is_off:
            log.warning("engine_switched_off", switch=switch.name, consequence=switch.consequence)


def bring_up_to_date(settings: Settings) -> None:
    """Apply missing migrations in development; in production, require that none is missing."""
    from core.cli.models import require_matching_models

    settings.data_dir.mkdir(parents=True, exist_ok=True)
    url, migrations = database_url(), installed_histories()
    if path := sqlite_path(url):
        give_up_spare(path)
    if settings.is_production:
        require_migrated()
        return
    if pending(url, migrations):
        upgrade(url, migrations)
    loaded_application()  # checks the rules first: no revision may be written for what they refuse
    require_matching_models(settings)


def watched_folders(settings: Settings) -> tuple[str, ...]:
    """Return the folders of the project's sources and of each installed module."""
    from core.wiring.registry import discover

    modules = (Path(getfile(plugin)).parent for plugin in discover(settings.modules).values())
    return (*(str(PROJECT / name) for name in SOURCES), *map(str, modules))


def reloaded_application() -> object:
    """Return the application after a change of its sources, with new migrations applied."""
    try:
        bring_up_to_date(loaded_settings())
        return loaded_application()
    except Exception as error:
        if (sentence := as_sentence(error)) is None:
            raise
        click.echo(f"atrium: {sentence}", err=True)  # uvicorn prints nothing for a SystemExit
        sys.exit(1)


async def prepare(core: CoreContainer, with_samples: bool) -> None:
    await refuse_damage(core.db())
    for task in core.contributions().of(StartupTask):
        if news := await task.run():
            print_message(core.settings(), news)
    if with_samples:
        await run_seeds(core, users=None, quiet=True)


def print_message(settings: Settings, news: str) -> None:
    if settings.log_format == "json":
        log.warning("prepared", news=news)  # a warning, so that LOG_LEVEL rarely hides it
    else:
        click.echo(news)


async def refuse_damage(db: Database) -> None:
    """Raise CommandFailed for a damaged SQLite file, unless it is too large to check quickly."""
    if db.engine.dialect.name != "sqlite":
        return
    async with db.read() as reads:
        small = await reads.scalar(SIZE) <= CHECKED_BYTES
        if small and await reads.scalar(EVERY_PAGE) != "ok":
            raise CommandFailed(DAMAGED_FILE)


def greet(settings: Settings, address: str) -> None:
    if settings.log_format == "json":
        log.info("serving", address=address, public_url=settings.public_url)
        return
    click.echo(f"Atrium serves on {address}")
    if settings.docs_enabled:
        click.echo(f"  docs    {settings.public_url}/docs")
    click.echo(f"  health  {settings.public_url}/health")
