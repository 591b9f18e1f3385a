"""The HTML page at `/`, for browsers."""

from html import escape

from core.kit.platform import document
from modules.health.schemas import RootRead


def page_of(root: RootRead) -> str:
    links = {"Documentation": root.docs, "Health": root.health}
    items = [f'<li><a href="{escape(url)}">{label}</a></li>' for label, url in links.items() if url]
    about = f"This is a REST API, version {root.version}: programs talk to it, and so can you."
    return document(
        root.name,
        f"<h1>{escape(root.name)}</h1>",
        f"<p>{escape(root.message)} {escape(about)}</p>",
        "<ul>",
        *items,
        "</ul>",
    )
