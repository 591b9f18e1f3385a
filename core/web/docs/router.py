"""The routes of the documentation, which are public, also during maintenance."""

from litestar import Controller, Response, Router
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath

from core.kernel.errors import NotFound
from core.security.policies import public
from core.web.context import http_context
from core.web.docs.documentation import Documentation
from core.web.docs.guides import guides
from core.web.docs.pages import (
    guide_page,
    guides_page,
    problem_page,
    problems_page,
    reference_page,
)
from core.web.pages import page_response
from core.web.problems import kinds
from core.web.route_decorators import get


class NoSuchGuide(NotFound):
    """No guide has the name in the path.

    `/docs/guides` lists all guides.
    """

    code = "http.no_such_guide"
    title = "There is no guide with this name."


class NoSuchProblem(NotFound):
    """The error code in the URL is not in the list.

    Take the URL from the `type` of the problem.
    """

    code = "http.no_such_problem"
    title = "There is no problem with this name."


def docs_router(documentation: Documentation) -> Router:
    provided = Provide(lambda: documentation, sync_to_thread=False)
    return Router(
        "/docs", route_handlers=[DocsController], dependencies={"documentation": provided}
    )


open_always = public.in_maintenance()


class DocsController(Controller):
    include_in_schema = False

    @get(summary="Read the reference", policy=open_always, sync_to_thread=True)
    def read_reference(self) -> Response[bytes]:
        return page_response(reference_page(guides()))

    @get("/guides", summary="List the guides", policy=open_always, sync_to_thread=True)
    def list_guides(self) -> Response[bytes]:
        return page_response(guides_page(guides()))

    @get("/guides/{name:str}", summary="Read a guide", policy=open_always, sync_to_thread=True)
    def read_guide(self, name: FromPath[str]) -> Response[bytes]:
        """Return the page of a guide. Raises NoSuchGuide."""
        if (guide := guides().get(name)) is None:
            raise NoSuchGuide
        return page_response(guide_page(guide))

    @get(
        "/openapi.json",
        summary="Read the OpenAPI document",
        policy=open_always,
        sync_to_thread=True,
    )
    def read_document(self, documentation: NamedDependency[Documentation]) -> Response[bytes]:
        return documentation.file.response()

    @get("/problems", summary="List the kinds of problems", policy=open_always)
    async def list_problems(self, documentation: NamedDependency[Documentation]) -> Response[bytes]:
        texts = documentation.catalogues.for_reader(http_context())
        return page_response(problems_page(kinds(), texts), texts.headers)

    @get(
        "/problems/{code:str}",
        summary="Read about a kind of problem",
        policy=open_always,
        sync_to_thread=True,
    )
    def read_problem(
        self,
        code: FromPath[str],
        documentation: NamedDependency[Documentation],
    ) -> Response[bytes]:
        """Return the page of a problem. Raises NoSuchProblem."""
        if (kind := kinds().get(code)) is None:
            raise NoSuchProblem
        context, answering = http_context(), documentation.answering(code)
        texts = documentation.catalogues.for_reader(context)
        page = problem_page(kind, answering, context.options.public_url, texts)
        return page_response(page, texts.headers)
