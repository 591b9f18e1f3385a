from typing import Annotated
from uuid import UUID

from pydantic import Field

from core.kit import Line, MergePatch, Schema, Text, UtcDatetime


class PostDraft(Schema):
    title: Annotated[str, Line(1, 200), Field(examples=["Hello"])]
    content: Annotated[str, Text(1, 20_000), Field(examples=["The first words of many."])]


class PostUpdate(MergePatch, PostDraft): ...


class PostRead(Schema):
    id: UUID
    title: str
    content: str
    author_id: UUID
    created_at: UtcDatetime
    updated_at: UtcDatetime
