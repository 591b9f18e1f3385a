"""The pages below `/docs`, as HTML."""

import json
import re
from collections.abc import Mapping, Sequence
from html import escape
from http import HTTPStatus

from core.kernel.errors import ProblemError
from core.kernel.messages import fill
from core.web.catalogues import Catalogue
from core.web.docs.advice import meaning_of, remedy_of
from core.web.docs.documentation import Operation
from core.web.docs.guides import Guide
from core.web.languages import ENGLISH
from core.web.pages import document
from core.web.problems import example_of_problem

Kind = type[ProblemError]
FEW = 20
IN_ENGLISH = Catalogue(ENGLISH)


def reference_page(guides: Mapping[str, Guide]) -> str:
    """Return the reference page, whose script renders the OpenAPI document."""
    return document(
        "Atrium API",
        '<nav><a href="/">Atrium</a> <a href="/docs/guides">Guides</a> '
        '<a href="/docs/problems">Problems</a> '
        '<a href="/docs/openapi.json">OpenAPI document</a></nav>',
        *first_of_all(guides),
        '<div id="reference" data-document="/docs/openapi.json"></div>',
        "<noscript><p>Without JavaScript there is the OpenAPI document itself, linked above."
        "</p></noscript>",
        styles=("swagger-ui.css", "docs.css"),
        scripts=("swagger-ui-bundle.js", "docs.js"),
    )


def first_of_all(guides: Mapping[str, Guide]) -> list[str]:
    """Return the first steps of a newcomer, with links to the guides."""
    links = [
        f'<a href="/docs/guides/{name}">{escape(guides[name].title)}</a>'
        for name in FIRST_GUIDES
        if name in guides
    ]
    return [
        "<h1>Atrium API</h1>",
        "<ol>",
        "<li>Register with <code>POST /auth/register</code>.</li>",
        "<li>Press <b>Authorize</b> and sign in with your e-mail address and password.</li>",
        "<li>Open an operation and press <b>Try it out</b>.</li>",
        "</ol>",
        *(
            [f'<p>Read first: {", ".join(links)}. <a href="/docs/guides">All guides</a></p>']
            * bool(links)
        ),
    ]


FIRST_GUIDES = ("first-steps", "authentication", "errors", "lists")


def guides_page(guides: Mapping[str, Guide]) -> str:
    items = [
        f'<li lang="{guide.language}"><a href="/docs/guides/{name}">{escape(guide.title)}</a></li>'
        for name, guide in guides.items()
    ]
    return document(
        "Guides · Atrium", navigation(IN_ENGLISH), "<h1>Guides</h1>", "<ul>", *items, "</ul>"
    )


def guide_page(guide: Guide) -> str:
    article = f'<article class="guide">{guide.html}</article>'
    top = navigation(IN_ENGLISH)
    return document(f"{guide.title} · Atrium", top, article, language=guide.language)


def problems_page(kinds: Mapping[str, Kind], texts: Catalogue) -> str:
    rows = [
        f"<tr><td>{kind.status}</td><td>{link_to(code)}</td>"
        f"<td>{escape(texts.title(kind))}</td></tr>"
        for code, kind in kinds.items()
    ]
    heads = [texts.text("Status"), texts.text("Code"), texts.text("Title")]
    return document(
        f"{texts.text('Problems')} · Atrium API",
        navigation(texts),
        f"<h1>{texts.text('Problems')}</h1>",
        f"<p>{texts.text(ABOUT_PROBLEMS)}</p>",
        f"<table><thead><tr>{''.join(f'<th>{it}</th>' for it in heads)}</tr></thead><tbody>",
        *rows,
        "</tbody></table>",
        language=texts.language,
    )


ABOUT_PROBLEMS = (
    "Every error is a problem (RFC 9457) with one of these error codes. The codes do not change, "
    "so programs can rely on them."
)


def problem_page(
    kind: Kind, operations: Sequence[Operation], public_url: str, texts: Catalogue
) -> str:
    return document(
        f"{kind.code} · Atrium API",
        navigation(texts),
        f"<h1>{escape(texts.title(kind))}</h1>",
        f'<p class="quiet"><code>{kind.code}</code> · {kind.status} '
        f"{HTTPStatus(kind.status).phrase}</p>",
        *(f"<p>{marked(text)}</p>" for text in [meaning_of(kind, texts)] if text),
        f"<h2>{texts.text('What to do')}</h2>",
        f"<p>{marked(remedy_of(kind, texts))}</p>",
        f"<h2>{texts.text('Example')}</h2>",
        f"<pre>{escape(example(kind, public_url, texts))}</pre>",
        f"<h2>{texts.text('Operations with this problem')}</h2>",
        *places(operations, texts),
        language=texts.language,
    )


def navigation(texts: Catalogue) -> str:
    pages = {"/docs": "Reference", "/docs/guides": "Guides", "/docs/problems": "Problems"}
    links = (f'<a href="{path}">{texts.text(name)}</a>' for path, name in pages.items())
    return f"<nav>{' '.join(links)}</nav>"


def link_to(code: str) -> str:
    return f'<a href="/docs/problems/{code}"><code>{code}</code></a>'


def marked(text: str) -> str:
    """Return the HTML of a docstring, in which backticks mark `code`."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(" ".join(text.split())))


def example(kind: Kind, public_url: str, texts: Catalogue) -> str:
    problem = example_of_problem(kind, public_url, texts.title(kind))
    return json.dumps(problem, indent=2, ensure_ascii=False)


def places(operations: Sequence[Operation], texts: Catalogue) -> list[str]:
    if not operations:
        return [f"<p>{texts.text('This problem does not belong to an operation.')}</p>"]
    if len(operations) > FEW:
        count = fill(texts.text(MANY_OPERATIONS), {"count": len(operations)})
        return [f"<p>{count}</p>"]
    items = [
        f'<li><a href="/docs#/{it.tag}/{it.id}"><code>{it.method} {escape(it.path)}</code></a></li>'
        for it in operations
    ]
    return ["<ul>", *items, "</ul>"]


MANY_OPERATIONS = "Most operations may return this problem: {count} of them."
