"""The settings of the platform; those of a module are in its `settings.py`."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from config.settings import defaults
from config.settings.base import ModuleSettings
from config.settings.defaults import derived
from config.settings.rates import OneRate, Rate
from config.settings.urls import Host, HostName, Origin, Proxy, PublicUrl
from config.settings.values import (
    ApiPrefix,
    CommaSeparated,
    DatabaseUrl,
    Folder,
    HeaderName,
    Level,
    ModuleName,
    RedisUrl,
    SecretKey,
    SmtpUrl,
    unbuilt,
)


class Settings(ModuleSettings):
    environment: Literal["development", "test", "production"] = Field(
        default="development", description="The environment; production refuses unsafe settings."
    )
    host: Host = Field(default="127.0.0.1", description="The IP address or host name to listen on.")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(
        default=8000, description="The port to listen on; 0 selects a free one."
    )
    workers: Annotated[int, Field(ge=1, le=256)] = Field(
        default=1, description="The number of processes that serve requests."
    )
    keep_alive_s: Annotated[int, Field(ge=1, le=3600)] = Field(
        default=75,
        description="Seconds for which an idle connection stays open; more than a load balancer's.",
    )
    shutdown_delay_s: Annotated[int, Field(ge=0, le=300)] = Field(
        default=0,
        description="Seconds for which requests are still accepted after readiness has failed.",
    )
    api_prefix: ApiPrefix = Field(
        default="/api/v1", description="The beginning of the path of every route of the API."
    )
    data_dir: Folder = derived(
        lambda _: Path("var").absolute(),
        "./var",
        "The folder of the SQLite database, the files and the secret key.",
    )
    public_url: PublicUrl = derived(
        defaults.public_url,
        "http://HOST:PORT, https in production unless loopback",
        "The URL of this service for clients; all links begin with it and its path.",
    )
    account_pages_url: Annotated[str, unbuilt("leave it out; Atrium sends no mail yet")] | None = (
        Field(default=None, description="The page to which mailed links lead; not available yet.")
    )
    secret_key: SecretKey = derived(
        defaults.secret_key,
        "made and stored in DATA_DIR; none in production",
        "The secret from which all keys are derived; at least 32 bytes, without a comma.",
    )
    secret_key_previous: CommaSeparated[SecretKey] = Field(
        default=(),
        description="Earlier secret keys, separated by commas, for data that they encrypted.",
    )
    database_url: DatabaseUrl = derived(
        defaults.database_url,
        "sqlite:///DATA_DIR/atrium.db",
        "The database: sqlite:///path or postgresql://user:password@host/name.",
    )
    database_pooler: Literal["transaction"] | None = Field(
        default=None,
        description="Set transaction if a pooler in transaction mode is in front of PostgreSQL.",
        json_schema_extra={"default": "none; `atrium serve` detects one"},
    )
    database_statement_timeout_s: Annotated[float, Field(ge=0.1, le=3600)] = Field(
        default=5.0,
        description="Seconds that a statement of a request may take before the response is 503.",
    )
    redis_url: RedisUrl | None = Field(
        default=None, description="Redis for rate limits that several machines share."
    )
    smtp_url: SmtpUrl | None = Field(
        default=None,
        description="The mail server; not available yet, because Atrium sends no mail.",
    )
    modules: CommaSeparated[ModuleName] | None = Field(
        default=None,
        description="The modules to run, separated by commas.",
        json_schema_extra={"default": "all found"},
    )
    rate_limit_enabled: bool = Field(
        default=True, description="Whether requests and attempts to sign in are limited."
    )
    rate_limit_anonymous: OneRate = Field(
        default=Rate(100, 60), description="Requests of one client IP without credentials."
    )
    rate_limit_signed_in: OneRate = Field(
        default=Rate(600, 60), description="Requests of one principal."
    )
    audit_keep_addresses_days: Annotated[int, Field(ge=1, le=3650)] = Field(
        default=90, description="Days after which client IPs are cleared from the audit trail."
    )
    trusted_proxies: CommaSeparated[Proxy] = Field(
        default=(), description="IP addresses and networks whose X-Forwarded-For is used."
    )
    allowed_hosts: CommaSeparated[HostName] = derived(
        defaults.allowed_hosts,
        "the host of PUBLIC_URL; in development also localhost, 127.0.0.1, [::1]",
        "The host names that this service accepts in Host.",
    )
    cors_origins: CommaSeparated[Origin] = derived(
        defaults.cors_origins,
        "none; in development ports 3000 and 8080 of http://localhost and http://127.0.0.1",
        "The origins (scheme://host[:port]) whose pages may call the API from a browser.",
    )
    cors_headers: CommaSeparated[HeaderName] = Field(
        default=(),
        description="Further request headers that those pages may send.",
    )
    docs_enabled: bool = Field(default=True, description="Whether /docs is served.")
    log_format: Literal["console", "json"] = derived(
        defaults.log_format,
        "console in development, else json",
        "The format of the log: readable lines, or one JSON object per line.",
    )
    log_level: Level = Field(default="info", description="The least severe level that is logged.")
    allow_development_on_network: bool = Field(
        default=False, description="Whether other machines may reach a service outside production."
    )

    @property
    def is_production(self) -> bool:
        return self.environment == "production"
