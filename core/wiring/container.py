"""The services of the core: built once per process and shared by every module."""

from multiprocessing import parent_process

from dependency_injector import containers, providers

from config.log_writer import LogWriter
from config.settings import Settings
from core.data.audit import AuditRecorder
from core.data.audit_trail import AuditTrail
from core.data.database import Database
from core.data.engines import open_database
from core.data.open_transaction import Recorders
from core.engine.http import Lifecycle
from core.engine.sql import CacheVersions
from core.events.log import EventLog
from core.events.outbox import Outbox
from core.events.relay import Relay
from core.events.schedules import Scheduler
from core.kernel.clock import Clock, utc_now
from core.kernel.contributions import Contributions
from core.operations.health import HealthChecks
from core.operations.maintenance import Maintenance
from core.operations.metrics import RequestMetrics
from core.operations.snapshots import Snapshots
from core.security.authentication import Authenticator, KeyAuthenticator
from core.security.limits import LocalCounters, RateLimit, RateLimits, RateLimitStore
from core.security.passwords import NewPasswords
from core.security.reauthentication import Reauthentication
from core.security.roles import Roles
from core.security.secrets import SecretKeys
from core.web.idempotency.middleware import Idempotency
from core.web.idempotency.store import IdempotencyStore
from core.web.shared_counters import SharedCounters
from core.wiring.inventory import InstalledModules

METRICS_FOLDER = "metrics"
CACHE_VERSIONS_FILE = "generations"


def make_clock() -> Clock:
    return utc_now


def make_secrets(settings: Settings) -> SecretKeys:
    return SecretKeys(
        settings.secret_key.get_secret_value(),
        [previous.get_secret_value() for previous in settings.secret_key_previous],
    )


def make_cache_versions(settings: Settings) -> CacheVersions:
    return CacheVersions(settings.data_dir / CACHE_VERSIONS_FILE)


def make_database(
    settings: Settings, cache_versions: CacheVersions, audit: AuditRecorder, outbox: Outbox
) -> Database:
    return open_database(
        settings.database_url.get_secret_value(),
        cache_versions,
        settings.database_statement_timeout_s,
        transaction_pooler=settings.database_pooler == "transaction",
        recorders=Recorders(audit, outbox),
    )


def make_metrics(settings: Settings) -> RequestMetrics:
    """Return metrics that a worker process shares with the other workers of its parent."""
    server = parent_process()
    folder = settings.data_dir / METRICS_FOLDER
    return RequestMetrics(Snapshots(folder, server.pid) if server and server.pid else None)


def make_counters(settings: Settings) -> RateLimitStore:
    """Return counters in Redis, or local ones that allow each worker its share of a limit."""
    local = LocalCounters(share=settings.workers)
    if settings.redis_url is None:
        return local
    from core.security.redis_counters import RedisCounters  # the import takes 150 ms

    return RedisCounters(settings.redis_url.get_secret_value(), fallback=local)


def make_limits(
    settings: Settings, contributions: Contributions, shared: SharedCounters, db: Database
) -> RateLimits:
    general = make_counters(settings)
    alone = settings.workers == 1 or settings.redis_url is not None
    return RateLimits(
        general,
        general if alone else shared,
        contributions.of(RateLimit),
        enabled=settings.rate_limit_enabled,
        must_be_allowed=db.must_be_outside,
    )


class CoreContainer(containers.DeclarativeContainer):
    """The container of core, of which a test uses `core.relay()` and `core.db()`."""

    settings = providers.Dependency(instance_of=Settings)
    log_lines = providers.Dependency(instance_of=LogWriter)
    authenticator = providers.Dependency(instance_of=Authenticator)
    key_authenticator = providers.Dependency(instance_of=KeyAuthenticator)
    new_passwords = providers.Dependency(instance_of=NewPasswords)
    reauthentication = providers.Dependency(instance_of=Reauthentication)

    clock = providers.Singleton(make_clock)
    contributions = providers.Singleton(Contributions)
    modules = providers.Singleton(InstalledModules)
    lifecycle = providers.Singleton(Lifecycle)
    metrics = providers.Singleton(make_metrics, settings)
    secrets = providers.Singleton(make_secrets, settings)
    roles = providers.Singleton(Roles, contributions)
    cache_versions = providers.Singleton(make_cache_versions, settings)
    audit_recorder = providers.Singleton(AuditRecorder, clock)
    outbox = providers.Singleton(Outbox, clock, contributions)
    db = providers.Singleton(make_database, settings, cache_versions, audit_recorder, outbox)
    audit = providers.Singleton(AuditTrail, db=db, recorder=audit_recorder, clock=clock)
    relay = providers.Singleton(
        Relay, db=db, clock=clock, outbox=outbox, contributions=contributions
    )
    scheduler = providers.Singleton(Scheduler, db=db, clock=clock, contributions=contributions)
    event_log = providers.Singleton(
        EventLog, db=db, clock=clock, outbox=outbox, contributions=contributions
    )
    shared_counters = providers.Singleton(SharedCounters, db=db, clock=clock)
    limits = providers.Singleton(make_limits, settings, contributions, shared_counters, db)
    maintenance = providers.Singleton(
        Maintenance, db=db, cache_versions=cache_versions, clock=clock
    )
    health = providers.Singleton(
        HealthChecks, contributions=contributions, lifecycle=lifecycle, clock=clock
    )
    idempotency_store = providers.Singleton(IdempotencyStore, db=db, clock=clock)
    idempotency = providers.Singleton(Idempotency, db=db, store=idempotency_store, secrets=secrets)
