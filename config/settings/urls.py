"""Validators of URLs, origins, hosts and networks, which return the form used in comparisons.

The ValueError of a validator is the text after the name of the setting: "must be …".
"""

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator

LABEL = "[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
APP = re.compile(r"[a-z0-9._~-]{1,253}")
"""The host of an app or a browser extension, which is no DNS name: `app://-`."""
NAME = re.compile(rf"(?=.{{1,253}}\Z){LABEL}(\.{LABEL})*")
PUBLIC_PATH = re.compile(r"(/(?!\.{1,2}(/|\Z))[A-Za-z0-9._~-]+)*")
DEFAULT_PORTS = {"http": 80, "https": 443}


def authority(host: str, port: int | None = None) -> str:
    """Return `[::1]:8000`, as in a URL and in `Host`. Raises ValueError for an invalid host."""
    name = host.lower()
    if name.startswith("[") and name.endswith("]"):
        name = name[1:-1]
    if not NAME.fullmatch(name) or name.replace(".", "").isdigit():
        name = ip_address(name).compressed
    bracketed = f"[{name}]" if ":" in name else name
    return bracketed if port is None else f"{bracketed}:{port}"


def split_url(text: str, wanted: str, *, path: bool = False) -> SplitResult:
    """Split a URL of any scheme with a host.

    Raises ValueError(wanted) for a user, query or fragment, or for a path without `path`.
    """
    try:
        parts = urlsplit(text)
        authority_of(parts)
    except ValueError:
        raise ValueError(wanted) from None
    plain = text.isascii() and text.isprintable() and set(text).isdisjoint(' ?#@\\"<>')
    if not plain or not parts.scheme or (parts.path and not path):
        raise ValueError(wanted)
    return parts


def origin_of(parts: SplitResult) -> str:
    """Return the origin as browsers send it: in lower case, without the scheme's default port."""
    return f"{parts.scheme}://{authority_of(parts)}"


def authority_of(parts: SplitResult) -> str:
    host = parts.hostname or ""
    port = None if parts.port == DEFAULT_PORTS.get(parts.scheme) else parts.port
    if parts.scheme not in DEFAULT_PORTS and APP.fullmatch(host):
        return host if port is None else f"{host}:{port}"
    return authority(host, port)


def origin(text: str) -> str:
    """Return the origin of a page, an app or an extension: `capacitor://localhost`."""
    wanted = "must list exact origins such as https://app.example.com, without path or wildcard"
    return origin_of(split_url(text, wanted))


def origin_with_path(text: str) -> str:
    """Return an origin of HTTP, with the path that a proxy removes from requests, if any."""
    wanted = "must be a URL such as https://api.example.com or https://example.com/api"
    parts = split_url(text.removesuffix("/"), wanted, path=True)
    if parts.scheme not in DEFAULT_PORTS or not PUBLIC_PATH.fullmatch(parts.path):
        raise ValueError(wanted)
    return f"{origin_of(parts)}{parts.path}"


def host_name(text: str) -> str:
    try:
        return authority(text)
    except ValueError:
        raise ValueError("must list host names such as api.example.com, without port") from None


def listening_host(text: str) -> str:
    try:
        return authority(text).strip("[]")
    except ValueError:
        raise ValueError("must be an IP address or a host name") from None


def proxy(value: object) -> IPv4Network | IPv6Network:
    try:
        network = ip_network(str(value))
    except ValueError:
        raise ValueError(
            "must list IP addresses and networks such as 10.0.0.7,192.168.0.0/16"
        ) from None
    if not network.prefixlen:
        raise ValueError("must not trust every IP address: list those of your proxies")
    return network


Host = Annotated[str, AfterValidator(listening_host)]
HostName = Annotated[str, AfterValidator(host_name)]
Origin = Annotated[str, AfterValidator(origin)]
PublicUrl = Annotated[str, AfterValidator(origin_with_path)]
Proxy = Annotated[IPv4Network | IPv6Network, BeforeValidator(proxy)]
