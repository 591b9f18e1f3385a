"""The documentation: pages without external files, and a page for each kind of problem."""

import json
import re
from gzip import decompress
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from httpx import AsyncClient, Response
from litestar import Litestar

from core.web.catalogues import Catalogue
from core.web.docs.advice import meaning_of
from core.web.docs.guides import Guide, guides
from core.web.problems import kinds
from core.wiring.document import document_of_application
from tests.core.web.problem_kinds import PROBLEMS
from tests.docs.pages import ROOT

SHIPPED = ("core.", *(f"modules.{each}." for each in ("admin", "auth", "files", "health", "users")))
"""The packages whose problems have a text; other modules may have a title only."""
PAGES = (
    *("/docs", "/docs/problems", "/docs/problems/http.not_found"),
    *("/docs/guides", "/docs/guides/first-steps"),
)
ADDRESS = re.compile(r'\b(?:href|src|action)="([^"]*)"')
INLINE = re.compile(r"<style|<script(?![^>]*\ssrc=)|\sstyle=|\son\w+=|javascript:")


@pytest.fixture
def backend() -> str:
    """The database does not matter here."""
    return "sqlite"


class TestPages:
    async def test_they_are_pages_that_anyone_may_read(self, client: AsyncClient) -> None:
        for path in PAGES:
            page = await client.get(path, headers={"authorization": "Bearer nonsense"})

            assert page.status_code == 200
            assert page.headers["content-type"] == "text/html; charset=utf-8"
            assert page.headers["cache-control"] == "no-cache"
            assert "ratelimit" not in page.headers

    async def test_nothing_in_them_is_inline_or_from_elsewhere(self, client: AsyncClient) -> None:
        for path in PAGES:
            page = await client.get(path)

            assert page.headers["content-security-policy"].startswith("default-src 'self'; ")
            assert "unsafe" not in page.headers["content-security-policy"]
            assert not INLINE.search(page.text)
            addresses = ADDRESS.findall(page.text)
            assert addresses
            assert [each for each in addresses if not re.match(r"/(?!/)", each)] == []

    async def test_whatever_they_refer_to_is_there(self, client: AsyncClient) -> None:
        pages = [await client.get(path) for path in PAGES]
        addresses = {each for page in pages for each in ADDRESS.findall(page.text)}

        for address in {each.partition("#")[0] for each in addresses}:
            assert (await client.get(address)).status_code == 200, address


class TestGuides:
    async def test_each_is_listed_and_reads_as_a_page(self, client: AsyncClient) -> None:
        listed = ADDRESS.findall((await client.get("/docs/guides")).text)
        names = [each.removeprefix("/docs/guides/") for each in listed if "/guides/" in each]

        assert names[0] == "first-steps"
        assert sorted(names) == sorted(path.stem for path in (ROOT / "docs").glob("*.md"))

    async def test_every_link_leads_to_a_heading_that_is_served(self, client: AsyncClient) -> None:
        pages = {f"/docs/guides/{name}": guide.html for name, guide in guides().items()}
        for path, html in pages.items():
            for address in ADDRESS.findall(html):
                target, _, fragment = address.partition("#")
                page = pages.get(target or path) or (await client.get(target)).text
                assert not fragment or f'id="{unquote(fragment)}"' in page, f"{path}: {address}"

    async def test_markup_of_a_guide_is_text(self, tmp_path: Path) -> None:
        page = tmp_path / "page.md"
        page.write_text("# Page\n\n<script>x</script> [gone](../other.md) [here](#page)\n")

        html = Guide("page", page).html

        assert "&lt;script&gt;" in html
        assert 'gone <a href="#page">here</a>' in html

    async def test_translations_are_listed_last_and_name_their_language(
        self, client: AsyncClient
    ) -> None:
        listed = (await client.get("/docs/guides")).text
        english, korean = [
            await client.get(f"/docs/guides/{name}") for name in ("first-steps", "first-steps.ko")
        ]

        languages = re.findall(r'<li lang="(\w+)">', listed)
        assert languages == sorted(languages) and set(languages) == {"en", "ko"}
        assert '<html lang="en">' in english.text
        assert '<html lang="ko">' in korean.text
        assert 'href="/docs/guides/first-steps.ko"' in english.text

    async def test_another_name_is_a_problem(self, client: AsyncClient) -> None:
        answer = await client.get("/docs/guides/nothing")
        assert (answer.status_code, answer.json()["code"]) == (404, "http.no_such_guide")


class TestAssets:
    async def test_they_never_change_and_come_compressed(self, client: AsyncClient) -> None:
        plain = await client.get(await script_of(client), headers={"accept-encoding": "identity"})
        packed = await client.get(await script_of(client), headers={"accept-encoding": "gzip"})

        for each in (plain, packed):
            assert each.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert each.headers["content-type"].startswith("text/javascript")
            assert each.content == plain.content
        assert "content-encoding" not in plain.headers
        assert packed.headers["content-encoding"] == "gzip"
        assert int(packed.headers["content-length"]) < len(plain.content)

    async def test_the_licence_of_what_is_not_ours_lies_beside_it(
        self, client: AsyncClient
    ) -> None:
        from core.web.assets import asset_url

        licence = await client.get(asset_url("swagger-ui.LICENSE.txt"))

        assert "Apache License" in licence.text

    async def test_only_what_is_meant_to_be_served_is(self, client: AsyncClient) -> None:
        for name in ("nothing.js", "..%2f__init__.py", "%2e%2e%2fassets.py", "atrium.css"):
            assert_problem(await client.get(f"/static/{name}"), 404)


class TestDocument:
    async def test_it_is_that_of_this_application(self, client: AsyncClient, app: Litestar) -> None:
        served = await client.get("/docs/openapi.json")

        assert served.headers["content-type"] == "application/json"
        assert served.json() == json.loads(json.dumps(document_of_application(app)))

    async def test_it_comes_compressed(self, app: Litestar, client: AsyncClient) -> None:
        async with client.stream(
            "GET", "/docs/openapi.json", headers={"accept-encoding": "gzip"}
        ) as answer:
            raw = b"".join([part async for part in answer.aiter_raw()])

        assert json.loads(decompress(raw))["openapi"] == "3.1.0"


class TestProblemPages:
    async def test_every_kind_has_one(self, client: AsyncClient) -> None:
        assert len(PROBLEMS) > 50
        for code in PROBLEMS:
            page = await client.get(f"/docs/problems/{code}")

            assert page.status_code == 200
            assert f"<code>{code}</code>" in page.text
            assert "<h2>What to do</h2>" in page.text

    def test_every_kind_says_what_it_means(self) -> None:
        ours = [kind for kind in kinds().values() if kind.__module__.startswith(SHIPPED)]
        meanings = {kind.code: meaning_of(kind, Catalogue("en")) for kind in ours}

        assert [code for code, meaning in meanings.items() if not meaning.endswith(".")] == []
        assert len(set(meanings.values())) == len(ours) > 50

    async def test_its_page_says_so_and_what_to_do(self, client: AsyncClient) -> None:
        for code, meaning, advice in (
            (
                "auth.step_up_required",
                "a recent re-authentication",
                "<code>POST /auth/step-up</code>",
            ),
            ("admin.last_admin", "appoint another", "Make another user an admin first."),
            (
                "http.too_many_requests",
                "<code>RateLimit-Policy</code>",
                "send requests more slowly",
            ),
        ):
            page = await client.get(f"/docs/problems/{code}")

            told, _, to_do = page.text.partition("<h2>What to do</h2>")
            assert meaning in told
            assert advice in to_do.partition("<h2>")[0]

    async def test_the_list_leads_to_each(self, client: AsyncClient) -> None:
        page = await client.get("/docs/problems")

        assert [code for code in PROBLEMS if f'"/docs/problems/{code}"' not in page.text] == []

    async def test_an_error_names_its_page(self, client: AsyncClient) -> None:
        refused = await client.get("/api/v1/nowhere")

        page = await client.get(refused.json()["type"])
        assert page.status_code == 200
        assert refused.json()["title"] in page.text

    async def test_it_names_the_operations_that_may_answer_so(self, client: AsyncClient) -> None:
        page = await client.get("/docs/problems/users.email_taken")

        assert "POST /api/v1/auth/register" in page.text
        assert "GET /health" not in page.text

    async def test_there_is_none_for_a_kind_that_is_not(self, client: AsyncClient) -> None:
        assert_problem(await client.get("/docs/problems/nothing.of_the_kind"), 404)


class TestSwitchedOff:
    @pytest.fixture
    def overrides(self) -> dict[str, Any]:
        return {"docs_enabled": False}

    async def test_there_are_none(self, client: AsyncClient) -> None:
        for path in (*PAGES, "/docs/openapi.json"):
            assert_problem(await client.get(path), 404)

    async def test_the_style_of_other_pages_stays(self, client: AsyncClient) -> None:
        page = await client.get("/", headers={"accept": "text/html"})
        style = next(each for each in ADDRESS.findall(page.text) if each.endswith(".css"))

        assert (await client.get(style)).status_code == 200


async def script_of(client: AsyncClient) -> str:
    """Return the largest script."""
    page = await client.get("/docs")
    addresses: list[str] = ADDRESS.findall(page.text)
    return next(each for each in addresses if "swagger-ui-bundle" in each)


def assert_problem(answer: Response, status: int) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
