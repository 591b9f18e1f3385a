"""Merge patches: each field may be absent, also an inherited one."""

import pytest
from pydantic import ValidationError

from core.kernel.schemas import MergePatch, Schema


class Task(Schema):
    title: str
    note: str | None


class TaskUpdate(MergePatch, Task):
    rank: int


def test_each_field_of_a_merge_patch_may_be_absent() -> None:
    assert TaskUpdate.model_validate({}).changes() == {}
    patch = TaskUpdate.model_validate({"note": None, "rank": 3})
    assert patch.changes() == {"note": None, "rank": 3}
    assert "required" not in TaskUpdate.model_json_schema()


def test_a_field_that_is_sent_is_validated_as_in_the_body_it_comes_from() -> None:
    for sent in ({"title": None}, {"title": 5}, {"more": 1}):
        with pytest.raises(ValidationError):
            TaskUpdate.model_validate(sent)


def test_the_body_from_which_a_merge_patch_inherits_keeps_its_required_fields() -> None:
    with pytest.raises(ValidationError):
        Task.model_validate({"title": "A"})
