"""The style sheets, scripts and images of HTML pages; their names contain a digest of the file."""

from functools import cache
from hashlib import sha256
from mimetypes import guess_type
from pathlib import Path

from litestar import Response
from litestar.params import FromPath

from core.kernel.errors import NotFound
from core.security.policies import public
from core.web.precompressed import Precompressed
from core.web.route_decorators import get

STATIC_FOLDER = Path(__file__).parent / "static"
FOREVER = "public, max-age=31536000, immutable"


class NoSuchAsset(NotFound):
    """The name of such a file changes with its content.

    Take the URL from the page that uses the file.
    """

    code = "http.no_such_asset"
    title = "There is no such file."


@get(
    "/static/{name:str}",
    summary="Read a file that pages of ours are made of",
    policy=public.in_maintenance(),
    include_in_schema=False,
    sync_to_thread=True,  # the first call reads and compresses the file
)
def read_asset(name: FromPath[str]) -> Response[bytes]:
    """Return a listed file, so that no path can lead to another one. Raises NoSuchAsset."""
    if (path := assets().get(name)) is None:
        raise NoSuchAsset
    return loaded(path).response()


def asset_url(file: str) -> str:
    return f"/static/{served_names()[file]}"


@cache
def assets() -> dict[str, Path]:
    """Return the paths by the served name, which is `atrium.3f2a9c01.css` for `atrium.css`."""
    return {name: STATIC_FOLDER / file for file, name in served_names().items()}


@cache
def served_names() -> dict[str, str]:
    """Return the served name of each file; all files are read once, at the start."""
    return {path.name: fingerprinted(path) for path in sorted(STATIC_FOLDER.iterdir())}


def fingerprinted(path: Path) -> str:
    digest = sha256(path.read_bytes()).hexdigest()[:8]
    return f"{path.stem}.{digest}{path.suffix}"


@cache
def loaded(path: Path) -> Precompressed:
    kind = guess_type(path.name)[0] or "application/octet-stream"
    return Precompressed(path.read_bytes(), kind, FOREVER)
