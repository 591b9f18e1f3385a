"""The base classes of request and response bodies."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, Generic, Self, TypeVar, get_args, get_origin
from uuid import UUID

from msgspec import Meta, MsgspecError, convert
from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, TypeAdapter
from pydantic_core import PydanticCustomError, core_schema

from core.kernel.pages import Rows

T = TypeVar("T", bound="Schema")


def absent() -> None:
    """Return the value of an absent field; `MergePatch.changes` leaves the field out."""


ABSENT: Any = Field(default_factory=absent)  # Any: the default of a field of each type
"""The default of a field that a body may leave out without a value of its own.

```python
class Task(Schema):
    title: str = ABSENT

assert Task().model_fields_set == set()
```
"""


AWARE = Annotated[datetime, Meta(tz=True)]


def parse_timestamp(text: object) -> datetime:
    """Return the UTC time of a text in RFC 3339 with an offset.

    Raises ValueError, also for a time outside the years 1 to 9999 in UTC.
    """
    try:
        timestamp: datetime = convert(text, AWARE)
        return timestamp.astimezone(UTC)
    except (MsgspecError, OverflowError):
        raise ValueError(text) from None


class InUtc:
    """A validator that reads JSON with `parse_timestamp`; Python objects are in UTC already."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        plain = handler(source)
        return core_schema.json_or_python_schema(
            core_schema.no_info_wrap_validator_function(self._read, plain), plain
        )

    def _read(self, value: object, _: object) -> datetime:
        try:
            return parse_timestamp(value)
        except ValueError:
            raise PydanticCustomError(
                "datetime_parsing", "A timestamp of RFC 3339 with its offset is expected."
            ) from None


UtcDatetime = Annotated[datetime, InUtc()]
"""The type of a timestamp in a body.

A client sends it in RFC 3339 with an offset; without an offset the response is 400.
The value is in UTC, and a response shows it with a `Z` at the end.

```python
class Meeting(Schema):
    starts_at: UtcDatetime

meeting = Meeting.model_validate_json('{"starts_at": "2099-01-01T09:00:00+09:00"}')
assert meeting.model_dump_json() == '{"starts_at":"2099-01-01T00:00:00Z"}'
```
"""


def is_plain_time(annotation: object, metadata: Iterable[object] = ()) -> bool:
    """Return whether the annotation contains a `datetime` that is not a `UtcDatetime`."""
    if annotation is datetime:
        return not any(isinstance(item, InUtc) for item in metadata)
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        return is_plain_time(inner, more)
    return any(is_plain_time(inner) for inner in get_args(annotation))


class Schema(BaseModel):
    """The base class of bodies, a pydantic model. Unknown fields are refused.

    `of` builds a response from a row. Raises TypeError for a field that is a plain `datetime`.

    ```python
    class TextOnly(Schema):
        text: str

    note = Note(owner_id=owner.id, text="Milk")
    assert TextOnly.of(note).model_dump() == {"text": "Milk"}
    ```
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        defer_build=True,  # built at the first use, because a start needs few of them
    )

    __slots__ = ("_row",)  # pydantic's private attributes would cost more than the rest of a body

    @classmethod
    def __pydantic_init_subclass__(cls, **_: object) -> None:
        for name, field in cls.model_fields.items():
            if is_plain_time(field.annotation, field.metadata):
                raise TypeError(
                    f"{cls.__name__}.{name} is a datetime: write UtcDatetime from "
                    "core.kernel.schemas, which takes a time with its offset and returns it in UTC."
                )

    @classmethod
    def of(cls, source: object) -> Self:
        """Return a body with exactly the declared fields, so that a new column stays private."""
        body = cls.model_validate(source, from_attributes=True)
        if (version := getattr(source, "version", None)) is not None:
            object.__setattr__(body, "_row", (source.id, version))  # type: ignore[attr-defined]
        return body

    @classmethod
    def each(cls, sources: Iterable[object]) -> list[Self]:
        """Return a body for each row."""
        return [cls.of(source) for source in sources]

    @classmethod
    def paged(cls, rows: Rows[object]) -> "Page[Self]":
        """Return the requested part of a list, by page or by cursor."""
        request = rows.request
        return Page(
            data=adapter_of(cls).validate_python(list(rows.items), from_attributes=True),
            per_page=request.per_page,
            page=None if request.by_cursor else request.page,
            total=rows.total,
            next_cursor=request.seal(rows.last) if rows.last else None,
        )

    @property
    def row(self) -> tuple[UUID, int] | None:
        """Return id and version of the row that `of` copied, if its table is `Versioned`."""
        try:
            row: tuple[UUID, int] = object.__getattribute__(self, "_row")
        except AttributeError:
            return None
        return row


class MergePatch(Schema):
    """The body of a merge patch (RFC 7396): absent fields stay, `null` clears a nullable field.

    Each field may be absent, also one of another body from which the class inherits.

    ```python
    class Task(Schema):
        title: str
        due: UtcDatetime | None

    class TaskUpdate(MergePatch, Task): ...

    update = TaskUpdate.model_validate({"due": None})
    assert update.changes() == {"due": None}
    ```
    """

    @classmethod
    def __pydantic_init_subclass__(cls, **options: object) -> None:
        super().__pydantic_init_subclass__(**options)
        for field in cls.model_fields.values():
            if field.is_required():
                field.default_factory = absent

    def changes(self) -> dict[str, Any]:  # Any: as the fields declare
        """Return the fields that the client sent, with their values."""
        return {name: getattr(self, name) for name in self.model_fields_set}


@cache
def adapter_of(body: type[T]) -> TypeAdapter[list[T]]:
    """Return the validator of lists of a body: one call for a list costs less than one per row."""
    return TypeAdapter(list[body])  # type: ignore[valid-type]  # the class is known at run time


class Page(Schema, Generic[T]):
    """Part of a list: one shape, whether it was asked for by page or by cursor.

    `Schema.paged` makes it. A route that returns a `Page` has a list definition.

    ```python
    page: Page[NoteRead] = NoteRead.paged(Rows([], total=0, request=PageRequest()))
    assert page.data == []
    ```
    """

    data: list[T]
    per_page: int = Field(description="The maximum number of items in this response.")
    page: int | None = Field(description="The number of this page; null with cursor pagination.")
    total: int | None = Field(
        description="The number of all items; null with cursor pagination without `total=true`."
    )
    next_cursor: str | None = Field(
        description="The `cursor` of the next items; null with offset pagination and at the end."
    )

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:  # Any: as pydantic has it
        """Return `PostList` as the name of the list of `PostRead`."""
        return f"{params[0].__name__.removesuffix('Read')}List"
