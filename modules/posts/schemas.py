from typing import Annotated
from uuid import UUID

from pydantic import Field

from core.kit import ABSENT, Line, MergePatch, Schema, Text, UtcDatetime

Title = Annotated[str, Line(1, 200), Field(examples=["Hello"])]
Content = Annotated[str, Text(1, 20_000), Field(examples=["The first words of many."])]


class PostDraft(Schema):
    title: Title
    content: Content


class PostUpdate(MergePatch):
    title: Title = ABSENT
    content: Content = ABSENT


class PostRead(Schema):
    id: UUID
    title: str
    content: str
    author_id: UUID
    created_at: UtcDatetime
    updated_at: UtcDatetime
