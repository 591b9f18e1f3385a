"""The settings of the platform; those of a module are in its `settings.py`."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from config.settings import defaults
from config.settings.addresses import Host, HostName, Origin, Proxy, PublicUrl
from config.settings.base import ModuleSettings
from config.settings.defaults import derived, is_loopback
from config.settings.rates import OneRate, Rate
from config.settings.values import (
    AdminPassword,
    ApiPrefix,
    CommaSeparated,
    DatabaseUrl,
    Email,
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
        default="development", description="Where this runs; production refuses unsafe settings."
    )
    host: Host = Field(default="127.0.0.1", description="The IP address or host name to listen on.")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(
        default=8000, description="The port to listen on; 0 takes a free one."
    )
    workers: Annotated[int, Field(ge=1, le=256)] = Field(
        default=1, description="How many processes serve requests."
    )
    keep_alive_s: Annotated[int, Field(ge=1, le=3600)] = Field(
        default=75,
        description="Seconds for which an idle connection is kept; more than a load balancer's.",
    )
    shutdown_delay_s: Annotated[int, Field(ge=0, le=300)] = Field(
        default=0,
        description="Seconds for which requests are still taken after readiness says 503.",
    )
    api_prefix: ApiPrefix = Field(
        default="/api/v1", description="What the path of every route of the API begins with."
    )
    data_dir: Folder = derived(
        lambda _: Path("var").absolute(),
        "./var",
        "The folder of everything embedded: database, files, secret key.",
    )
    public_url: PublicUrl = derived(
        defaults.public_url,
        "http://HOST:PORT, https in production unless loopback",
        "Where clients reach this service; all links begin with it, with its path too.",
    )
    account_pages_url: Annotated[str, unbuilt("leave it out; Atrium sends no mail yet")] | None = (
        Field(default=None, description="The page that mailed links lead to; not available yet.")
    )
    secret_key: SecretKey = derived(
        defaults.secret_key,
        "made and kept in DATA_DIR; none in production",
        "What all keys are derived from; at least 32 bytes, without a comma.",
    )
    secret_key_previous: CommaSeparated[SecretKey] = Field(
        default=(),
        description="Earlier secret keys, separated by commas; what they sealed is still read.",
    )
    database_url: DatabaseUrl = derived(
        defaults.database_url,
        "sqlite:///DATA_DIR/atrium.db",
        "The database: sqlite:///path or postgresql://user:password@host/name.",
    )
    database_pooler: Literal["transaction"] | None = Field(
        default=None,
        description="transaction, where a pooler in transaction mode stands before PostgreSQL.",
        json_schema_extra={"default": "none; `atrium serve` finds one out"},
    )
    database_statement_timeout_s: Annotated[float, Field(ge=0.1, le=3600)] = Field(
        default=5.0,
        description="How long one statement of a request may take; then the answer is 503.",
    )
    redis_url: RedisUrl | None = Field(
        default=None, description="Redis for rate limits that several machines share."
    )
    smtp_url: SmtpUrl | None = Field(
        default=None,
        description="The mail server; not available yet: Atrium sends no mail.",
    )
    admin_email: Email | None = derived(
        defaults.admin_email,
        "admin@example.com in development, else none",
        "The e-mail address of the first admin, made while no user has the role.",
    )
    admin_password: AdminPassword | None = Field(
        default=None,
        description="The first admin's password; generated in development when there is none.",
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
        "The host names this service answers to.",
    )
    cors_origins: CommaSeparated[Origin] = derived(
        defaults.cors_origins,
        "none; in development ports 3000 and 8080 of http://localhost and http://127.0.0.1",
        "The origins (scheme://host[:port]) whose pages may call the API from a browser.",
    )
    cors_headers: CommaSeparated[HeaderName] = Field(
        default=(),
        description="Request headers that those pages may send, beside those that the API reads.",
    )
    docs_enabled: bool = Field(default=True, description="Whether /docs is served.")
    log_format: Literal["console", "json"] = derived(
        defaults.log_format,
        "console in development, else json",
        "Lines for people or one JSON object per line.",
    )
    log_level: Level = Field(default="info", description="The least severe level that is logged.")
    allow_development_on_network: bool = Field(
        default=False, description="Whether other machines may reach a service outside production."
    )

    @property
    def is_production(self) -> bool:
        return self.environment == "production"

    @property
    def is_development(self) -> bool:
        return self.environment == "development"

    @property
    def listens_on_loopback(self) -> bool:
        return is_loopback(self.host)
