"""Multipart bodies, valid and invalid, and the data that they leave."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from zipfile import ZipFile

from httpx import AsyncClient, Response
from sqlalchemy import func, select

from config.settings import Settings
from core.testing import CoreContainer
from modules.files.models import File, FileReservation, FileUsage

FILES = "/api/v1/files"
BOUNDARY = "a-boundary"
FORM = f"multipart/form-data; boundary={BOUNDARY}"
PNG = b"\x89PNG\r\n\x1a\n" + b"no pixels"
GIF = b"GIF89a/*<script>*/"
JPEG = b"\xff\xd8\xff\xe0" + b"no pixels"
PDF = b"%PDF-1.7 nothing"


def docx(*names: str) -> bytes:
    archive = BytesIO()
    with ZipFile(archive, "w") as writer:
        for name in names or ("[Content_Types].xml", "word/document.xml"):
            writer.writestr(name, "<xml/>")
    return archive.getvalue()


def part(
    content: bytes, filename: str | None = "a.txt", name: str = "file", *headers: str
) -> bytes:
    """Return one part; without a filename it is a text field."""
    named = f'; filename="{filename}"' if filename is not None else ""
    return raw_part(content, f'Content-Disposition: form-data; name="{name}"{named}', *headers)


def raw_part(content: bytes, *headers: str) -> bytes:
    return "\r\n".join([*headers, "", ""]).encode() + content


def form(*parts: bytes, boundary: str = BOUNDARY) -> bytes:
    delimiter = f"--{boundary}".encode()
    return b"".join(delimiter + b"\r\n" + each + b"\r\n" for each in parts) + delimiter + b"--\r\n"


async def in_pieces(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    for each in pieces:
        yield each


async def send(
    client: AsyncClient,
    body: bytes | AsyncIterator[bytes],
    to: str = "upload",
    content_type: str = FORM,
    **headers: str,
) -> Response:
    fields = {"content-type": content_type} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return await client.post(f"{FILES}/{to}", content=body, headers=fields)


async def upload(
    client: AsyncClient, content: bytes = b"some text", filename: str = "a.txt"
) -> dict[str, Any]:
    answer = await send(client, form(part(content, filename)))
    assert answer.status_code == 201, answer.text
    file: dict[str, Any] = answer.json()
    return file


def refusal(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@dataclass
class Traces:
    """All data that an upload can leave."""

    settings: Settings
    core: CoreContainer

    def stored(self) -> set[str]:
        root = self.settings.data_dir / "files"
        return {str(each.relative_to(root)) for each in root.rglob("*") if each.is_file()}

    async def all(self) -> tuple[set[str], int, Iterable[Any]]:
        async with self.core.db().read() as reads:
            rows = await reads.scalar(select(func.count()).select_from(File))
            usage = select(FileUsage.bytes, FileUsage.files).where(FileUsage.files > 0)
            used = (await reads.execute(usage)).all()
        return self.stored(), rows, sorted(map(tuple, used))

    async def held(self) -> int:
        """Return the number of uploads in progress that have a row."""
        async with self.core.db().read() as reads:
            return int(await reads.scalar(select(func.count()).select_from(FileReservation)))
