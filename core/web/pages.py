"""HTML pages for browsers, without external resources, inline scripts or inline styles."""

import re
from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import urlsplit

from litestar import Response

from core.web.assets import asset_url
from core.web.context import http_context
from core.web.security_headers import PAGE_POLICY

DOCUMENT = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
{links}
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def document(
    title: str,
    *body: str,
    language: str = "en",
    styles: Sequence[str] = (),
    scripts: Sequence[str] = (),
) -> str:
    """Return an HTML page; `body` is HTML, and `styles` and `scripts` are names of assets."""
    links = [
        *(f'<link rel="stylesheet" href="{asset_url(file)}">' for file in ("atrium.css", *styles)),
        f'<link rel="icon" href="{asset_url("atrium.svg")}">',
        *(f'<script src="{asset_url(file)}" defer></script>' for file in scripts),
    ]
    return DOCUMENT.format(
        language=language, title=escape(title), links="\n".join(links), body="\n".join(body)
    )


NO_HEADERS: Mapping[str, str] = {}
OWN_PATH = re.compile(r'((?:href|src|data-document)=")/')


def page_response(html: str, headers: Mapping[str, str] = NO_HEADERS) -> Response[bytes]:
    """Return the page as a response; prefix its internal links with the path of PUBLIC_URL."""
    base = urlsplit(http_context().options.public_url).path
    return Response(
        OWN_PATH.sub(rf"\1{base}/", html).encode(),
        media_type="text/html",
        headers={
            "content-security-policy": PAGE_POLICY,
            "cache-control": "no-cache",
            **headers,
        },
    )


def wants_html(accept: str | None) -> bool:
    return "text/html" in (accept or "").lower()
