"""The comparison of models and migrations, for development, `doctor` and `module check`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from itertools import chain
from tempfile import TemporaryDirectory

from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateIndex, CreateTable

from config.settings import Settings
from core.cli.loading import database_url, installed_histories, require_migrated
from core.cli.sentences import CommandFailed
from core.data.migrations import Difference, History, MigrationError, check, upgrade
from core.data.models import Base
from core.data.search_tables import SEARCHED
from core.engine.sql import DatabaseBusy, postgres_url, sqlite_path


def require_matching_models(settings: Settings) -> None:
    """Compare models and migrations, unless an earlier start has compared the same ones.

    Raises CommandFailed for a difference that may make requests fail.
    """
    url, migrations = database_url(), installed_histories()
    compared, digest = settings.data_dir / "compared-models", digest_of_models(url, migrations)
    if compared.exists() and compared.read_text() == digest:
        return
    if sentences := [it.sentence for it in all_differences(url, migrations) if it.breaks]:
        more = f" `atrium doctor` names {len(sentences) - 1} more." if len(sentences) > 1 else ""
        raise CommandFailed(f"{sentences[0]}{more}")
    compared.write_text(digest)


def digest_of_models(url: str, known: Sequence[History]) -> str:
    """Return a value that changes with the models, the revisions and the database."""
    dialect = make_url("sqlite://" if sqlite_path(url) else postgres_url(url)).get_dialect()()
    tables = [table for _, table in sorted(Base.metadata.tables.items())]
    made = [str(CreateTable(table).compile(dialect=dialect)) for table in tables]
    indexes = [CreateIndex(index) for table in tables for index in table.indexes]
    indexed = sorted(str(index.compile(dialect=dialect)) for index in indexes)
    searched = [(table.name, SEARCHED.get(table)) for table in tables]
    revisions = [history.revisions[-1:] for history in known]
    return sha256(repr((url, made, indexed, searched, revisions)).encode()).hexdigest()


def differences(module: str | None = None) -> list[str]:
    """Return the differences between the models and a database with every revision."""
    with migrated_database() as url:
        migrations = [it for it in installed_histories() if module in (None, it.module)]
        return [it.sentence for it in all_differences(url, migrations)]


def all_differences(url: str, known: Sequence[History]) -> list[Difference]:
    return [*chain.from_iterable(check(url, known).values())]


@contextmanager
def migrated_database() -> Iterator[str]:
    """Yield the URL of the configured database, or of a temporary one if it lacks revisions."""
    try:
        require_migrated()
    except (CommandFailed, MigrationError, DatabaseBusy, DBAPIError):
        with TemporaryDirectory() as folder:
            temporary = f"sqlite:///{folder}/atrium.db"
            upgrade(temporary, installed_histories())
            yield temporary
    else:
        yield database_url()
