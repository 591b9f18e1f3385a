"""The export as one JSON document, which is made in pieces."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from json import dumps
from typing import TypeVar
from uuid import UUID

from core.kit import Schema
from core.kit.platform import PersonalRows

Parts = Mapping[str, PersonalRows | Mapping[str, PersonalRows]]
T = TypeVar("T")


async def document(exported_at: datetime, parts: Parts, user_id: UUID) -> AsyncIterator[bytes]:
    """Yield an `ExportRead`: the data of each part about the user, under the part's name."""
    yield b'{"exported_at":%s,"data":' % dumps(written(exported_at)).encode()
    async for piece in members(parts, user_id):
        yield piece
    yield b"}"


async def members(parts: Parts, user_id: UUID) -> AsyncIterator[bytes]:
    opening = b"{"
    for name, part in parts.items():
        yield opening + dumps(name).encode() + b":"
        inner = members(part, user_id) if isinstance(part, Mapping) else value(part, user_id)
        async for piece in inner:
            yield piece
        opening = b","
    yield b"}" if parts else b"{}"


async def value(read: PersonalRows, user_id: UUID) -> AsyncIterator[bytes]:
    """Yield a single body as an object, and all batches of rows as one list."""
    opening = b"["
    async for rows in read(user_id):
        if isinstance(rows, Schema):
            yield text_of(rows)
            return
        for row in rows:
            yield opening + text_of(row)
            opening = b","
    yield b"]" if opening == b"," else b"[]"


def text_of(row: Schema) -> bytes:
    return row.__pydantic_serializer__.to_json(row)


def written(timestamp: datetime) -> str:
    return timestamp.isoformat().replace("+00:00", "Z")
