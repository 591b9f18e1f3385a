"""The plugin that adds bodies, errors, the pipeline, start and stop to Litestar."""

import gc
from asyncio import CancelledError, create_task, to_thread
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from litestar import Litestar
from litestar.config.app import AppConfig
from litestar.plugins import InitPlugin

from core.data.invalidation_listener import InvalidationListener
from core.data.invalidation_poller import InvalidationPoller
from core.web.assets import served_names
from core.web.bodies import JsonRequest, decode, is_schema
from core.web.context import principal, visitor
from core.web.entity_tags import if_match
from core.web.page_requests import PageRequests
from core.web.parameters import provide
from core.web.responses import BodyResponse
from core.wiring.container import CoreContainer
from core.wiring.pipeline import Pipeline

FEW_COLLECTIONS = (20_000, 50, 100)


class CorePlugin(InitPlugin):
    def __init__(self, container: CoreContainer, pipeline: Pipeline) -> None:
        self.container, self._pipeline = container, pipeline

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        page_requests = PageRequests(self.container.secrets())
        app_config.request_class = JsonRequest
        app_config.response_class = BodyResponse
        app_config.type_decoders = [(is_schema, decode), *(app_config.type_decoders or ())]
        app_config.exception_handlers[Exception] = self._pipeline.problems.handle
        app_config.dependencies.update(
            provide(principal, visitor, if_match, page_requests.page_request)
        )
        app_config.middleware.append(self._pipeline.operation)
        app_config.lifespan.append(self.lifespan)
        return app_config

    @asynccontextmanager
    async def lifespan(self, _: Litestar) -> AsyncIterator[None]:
        """Run the background work while requests are served; close the database after both."""
        core = self.container
        await to_thread(served_names)  # which a first request would else read in the event loop
        async with AsyncExitStack() as stack:
            stack.push_async_callback(to_thread, core.log_lines().flush)
            stack.push_async_callback(core.db().close)
            stack.push_async_callback(core.limits().close)
            announcements = InvalidationPoller(core.db(), core.cache_versions())
            notifications = InvalidationListener(core.db().engine, announcements.notify)
            await stack.enter_async_context(in_background(announcements.listen()))
            if core.settings().database_pooler is None:  # a pooler passes no notifications on
                await stack.enter_async_context(in_background(notifications.listen()))
            await stack.enter_async_context(in_background(core.metrics().share()))
            await stack.enter_async_context(in_background(core.audit().write_notes()))
            await stack.enter_async_context(core.relay().running())
            await stack.enter_async_context(core.scheduler().running())
            settle()
            yield


def core_of(app: Litestar) -> CoreContainer:
    """Return the container of the core of an application."""
    container: CoreContainer = app.plugins.get(CorePlugin).container
    return container


@asynccontextmanager
async def in_background(work: Coroutine[object, None, None]) -> AsyncIterator[None]:
    """Run the work as a task for the time of the block."""
    task = create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(CancelledError):
            await task


def settle() -> None:
    """Exclude the objects of the start from garbage collection, and collect less often (p99)."""
    gc.freeze()
    gc.set_threshold(*FEW_COLLECTIONS)
