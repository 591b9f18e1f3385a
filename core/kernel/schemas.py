"""What every request and response body has in common."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Generic, Self, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from core.kernel.pages import Rows

T = TypeVar("T", bound="Schema")

ABSENT: Any = Field(default_factory=lambda: None)
"""The default of a field that a merge patch may leave out: `title: Title = ABSENT`."""


Moment = datetime
"""Written as RFC 3339 in UTC, ending in `Z`, for neither tables nor clocks of ours give another."""


class Schema(BaseModel):
    """A body. Strict on the way in; on the way out it is built explicitly, by `of`."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        defer_build=True,  # until it is first used, for a start needs few of them
    )

    __slots__ = ("_row",)  # pydantic's private attributes would cost more than all the rest

    @classmethod
    def of(cls, source: object) -> Self:
        """Copy exactly the declared fields, so that a column added later stays private."""
        body = cls.model_validate(source, from_attributes=True)
        if (version := getattr(source, "version", None)) is not None:
            object.__setattr__(body, "_row", (source.id, version))  # type: ignore[attr-defined]
        return body

    @classmethod
    def each(cls, sources: Iterable[Any]) -> list[Self]:
        return [cls.of(source) for source in sources]

    @classmethod
    def paged(cls, rows: Rows[Any]) -> "Page[Self] | CursorPage[Self]":
        """The part of a list that was asked for, by page or by cursor."""
        data, asked = (
            [cls.model_validate(each, from_attributes=True) for each in rows.items],
            rows.request,
        )
        if not asked.by_cursor:
            return Page(data=data, total=rows.total or 0, page=asked.page, per_page=asked.per_page)
        cursor = asked.seal(rows.last) if rows.last else None
        return CursorPage(data=data, per_page=asked.per_page, next_cursor=cursor, total=rows.total)

    @property
    def row(self) -> tuple[UUID, int] | None:
        """Id and version of the row this was made of, if that is a `Versioned` one."""
        try:
            row: tuple[UUID, int] = object.__getattribute__(self, "_row")
        except AttributeError:
            return None
        return row


class MergePatch(Schema):
    """RFC 7396: an absent field stays, `null` clears where the field may be null."""

    def changes(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.model_fields_set}


class Page(Schema, Generic[T]):
    data: list[T]
    total: int = Field(description="How many there are in all; exact.")
    page: int
    per_page: int


class CursorPage(Schema, Generic[T]):
    data: list[T]
    per_page: int
    next_cursor: str | None = Field(
        description="Send it as `cursor` for what follows; null at the end."
    )
    total: int | None = Field(
        default=None, exclude_if=lambda total: total is None, description="Only with `?total=true`."
    )
