"""Style sheets, scripts and pictures of our pages, under names that change with their content."""

from functools import cache
from hashlib import sha256
from mimetypes import guess_type
from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath

from core.kernel.errors import NotFound
from core.security.policies import public
from core.web.context import context_of
from core.web.precompressed import Precompressed

FOLDER = Path(__file__).parent / "static"
FOREVER = "public, max-age=31536000, immutable"


class NoSuchAsset(NotFound):
    """These files change their names with what is in them.

    Take the address from the page that uses the file.
    """

    code = "http.no_such_asset"
    title = "There is no such file."


@get(
    "/static/{name:str}",
    summary="Read a file that pages of ours are made of",
    policy=public.in_maintenance(),
    include_in_schema=False,
    sync_to_thread=True,  # it compresses and reads from the disk, the first time
)
def read_asset(name: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
    """Raises NoSuchAsset. Only names from the list are served, so no path can lead elsewhere."""
    if (path := assets().get(name)) is None:
        raise NoSuchAsset
    return loaded(path).response(context_of(request.scope))


def asset_url(file: str) -> str:
    return f"/static/{served_names()[file]}"


@cache
def assets() -> dict[str, Path]:
    """By the name they are served under: `atrium.css` is `atrium.3f2a9c01.css`."""
    return {name: FOLDER / file for file, name in served_names().items()}


@cache
def served_names() -> dict[str, str]:
    """Return every file by its name; it reads all of them, so it is called once at start."""
    return {path.name: fingerprinted(path) for path in sorted(FOLDER.iterdir())}


def fingerprinted(path: Path) -> str:
    digest = sha256(path.read_bytes()).hexdigest()[:8]
    return f"{path.stem}.{digest}{path.suffix}"


@cache
def loaded(path: Path) -> Precompressed:
    kind = guess_type(path.name)[0] or "application/octet-stream"
    return Precompressed(path.read_bytes(), kind, FOREVER)
