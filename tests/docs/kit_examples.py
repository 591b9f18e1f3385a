"""Runs each example of docs/kit.md by itself, in an application that has the module `notes`.

The README has that module, so this program runs in a copy of the project that the README has been
applied to: `python -m tests.docs.kit_examples`.
"""

import ast
import asyncio
import inspect
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import SecretStr

from config.settings import Settings
from core.app import create_app
from core.data.migrations import upgrade
from core.kit import Principal
from core.testing import register
from core.wiring.histories import histories
from core.wiring.plugin import CorePlugin
from tests.docs.kit_page import PAGE
from tests.docs.pages import Block, blocks_of


async def failures(given: dict[str, Any]) -> list[str]:
    """Return a sentence for each example that raises; the last block has the imports of all."""
    *examples, imports = [it for it in blocks_of(PAGE) if it.language == "python"]
    await run(imports, given)
    results = [(example, await error_of(example, given)) for example in examples]
    return [f"{example}: {error!r} in:\n{example.text}" for example, error in results if error]


async def error_of(example: Block, given: dict[str, Any]) -> Exception | None:
    try:
        await run(example, given | {"__name__": f"example_{example.line}"})
    except Exception as error:
        return error
    return None


async def run(block: Block, names: dict[str, Any]) -> None:
    code = compile(block.text, str(block), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = eval(code, names)  # noqa: S307
    if inspect.iscoroutine(result):
        await result


async def main() -> None:
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/atrium.db"
        upgrade(url, histories())
        settings = Settings(
            environment="test",
            data_dir=Path(folder),
            database_url=SecretStr(url),
            public_url="http://test",
            allowed_hosts=("test",),
            rate_limit_enabled=False,
        )
        app = create_app(settings)
        async with app.lifespan(), register(app, "owner@example.com", "The Owner") as user:
            db = app.plugins.get(CorePlugin).container.db()
            failed = await failures({"db": db, "owner": Principal(user.id)})
    if failed:
        sys.exit("\n".join(failed))


if __name__ == "__main__":
    asyncio.run(main())
