"""The OpenAPI document gives generators of clients names and types that they can use."""

import json
import re
from pathlib import Path
from typing import Literal

import pytest
from litestar import Litestar
from pydantic import create_model

from config.log_writer import LogWriter
from config.settings import Settings
from core.app import create_app
from core.kernel.schemas import Schema
from core.web.openapi.schemas import Schemas
from core.wiring.document import document_of_application
from tests.core.web.documents import NULL, Json, app, document, every_schema, operations, served

__all__ = ["app", "document", "served"]


class TestNames:
    """The names of operations and components, from which generators make classes and methods."""

    def test_an_act_has_one_verb_everywhere(self, served: Json) -> None:
        verbs: dict[str, set[str]] = {}
        for method, path, operation in operations(served):
            verb = operation["operationId"].split(".")[1].split("_")[0]
            single = path.endswith("}")
            verbs.setdefault(f"{method} {'one' if single else 'many'}", set()).add(verb)
        assert verbs["put one"] == {"replace"} and verbs["patch one"] == {"change"}
        assert verbs["delete one"] == {"delete"}
        assert verbs["get one"] <= {"read", "greet"}

    def test_components_have_plain_names_and_titles_of_their_own(self, served: Json) -> None:
        for kind in ("schemas", "responses", "parameters"):
            for name in served["components"][kind]:
                assert re.fullmatch(r"([A-Z][a-z0-9]*)+", name.replace("ETag", "Etag")), name
        titles = [schema["title"] for schema in served["components"]["schemas"].values()]
        assert titles == [*served["components"]["schemas"]]
        assert {"FileRead", "AdminFileRead", "FileList", "AdminFileList"} <= {*titles}

    @pytest.mark.needs("posts")
    def test_they_stay_when_a_module_is_added(
        self, served: Json, tmp_path: Path, log_lines: LogWriter
    ) -> None:
        modules = ("auth", "users", "files", "admin", "health")
        settings = Settings(environment="test", data_dir=tmp_path / "var", modules=modules)
        fewer = document_of_application(create_app(settings, lines=log_lines))

        assert "/api/v1/posts" in served["paths"] and "/api/v1/posts" not in fewer["paths"]
        for path, methods in fewer["paths"].items():
            for method, operation in methods.items():
                same = served["paths"][path][method]
                assert operation["operationId"] == same["operationId"]
                assert json.dumps(operation["responses"]) == json.dumps(same["responses"])
        for kind in ("schemas", "responses", "parameters"):
            assert fewer["components"][kind].keys() <= served["components"][kind].keys()

    def test_two_classes_of_one_name_are_told_apart(self) -> None:
        one, other = (create_model("Thing", size=(kind, ...)) for kind in (int, str))
        schemas = Schemas()
        answer = {"one": schemas.of(one, "validation"), "other": schemas.of(other, "validation")}
        document = schemas.resolve(answer | {"components": {}}, {})
        named = document["components"]["schemas"]
        assert len(named) == 2 and all(re.fullmatch(r"[A-Za-z0-9]+", name) for name in named)
        assert document["one"] != document["other"]

    def test_a_class_beside_an_enum_of_its_name_is_told_apart(self) -> None:
        schemas = Schemas()
        words = {"scope": ["posts:write"]}
        body = schemas.of(create_model("Scope", size=(int, ...)), "validation")
        document = schemas.resolve({"body": body, "components": {}}, words)
        named = document["components"]["schemas"]
        assert named["Scope"]["enum"] == ["posts:write"]
        assert "size" in named[document["body"]["$ref"].rpartition("/")[2]]["properties"]


class TestForGenerators:
    """The constructs that generators of clients fail on, and those that they require."""

    def test_it_is_small(self, app: Litestar) -> None:
        content = json.dumps(
            document_of_application(app), ensure_ascii=False, separators=(",", ":")
        ).encode()
        assert len(content) < 250_000

    def test_no_field_has_a_default(self, served: Json) -> None:
        for schema in served["components"]["schemas"].values():
            for name, field in schema.get("properties", {}).items():
                assert "default" not in field, (schema["title"], name)

    def test_a_default_is_said_in_words(self, served: Json) -> None:
        fields = served["components"]["schemas"]["ApiKeyDraft"]["properties"]
        assert fields["expires_in_days"]["description"] == "`90` where it is left out."

    def test_no_page_is_sent_unasked(self, document: Json) -> None:
        """A generator that sends every default would send `page` beside `cursor`."""
        for *_, operation in operations(document):
            for parameter in operation["parameters"]:
                assert parameter["name"] != "page" or "default" not in parameter["schema"]

    def test_the_alternatives_of_a_value_can_be_told_apart(self, served: Json) -> None:
        for schema in every_schema(served):
            assert "oneOf" not in schema or "discriminator" in schema
            others = [each for each in schema.get("anyOf", ()) if each != NULL]
            assert len(others) <= 1, schema

    def test_a_union_of_bodies_says_by_which_field(self) -> None:
        class Cat(Schema):
            kind: Literal["cat"]

        class Dog(Schema):
            kind: Literal["dog"]

        class Bird(Schema):
            size: int

        union = Schemas().of(Cat | Dog, "serialization")
        assert union["discriminator"] == {"propertyName": "kind"}
        assert "discriminator" not in Schemas().of(Cat | Bird, "serialization")

    def test_a_limit_in_a_field_error_is_a_number_or_the_text_of_a_date(self, served: Json) -> None:
        parameters = served["components"]["schemas"]["FieldError"]["properties"]["parameters"]
        for name in ("min", "max"):
            assert parameters["properties"][name] == {"type": ["number", "string"]}

    def test_a_closed_object_has_no_further_properties_of_another_type(self, served: Json) -> None:
        for schema in every_schema(served):
            if schema.get("properties"):
                assert not schema.get("additionalProperties"), schema

    def test_the_members_of_a_summary_are_named(self, served: Json) -> None:
        summary = served["components"]["schemas"]["SummaryRead"]
        assert summary["properties"].keys() >= {"files", "bytes", "sessions", "api_keys", "as_of"}
        assert summary["properties"]["files"] == {"type": "integer"}

    def test_every_binary_body_has_the_format_binary(self, document: Json) -> None:
        found = 0
        for *_, operation in operations(document):
            bodies = [each.get("content", {}) for each in operation["responses"].values()]
            for content in bodies:
                for kind, body in content.items():
                    if kind.startswith(("application/octet", "image/", "multipart/")):
                        assert body["schema"]["format"] == "binary"
                        found += 1
        for schema in every_schema(document):
            assert "contentMediaType" not in schema or schema["format"] == "binary"
            found += "contentMediaType" in schema
        assert found > 4

    def test_conditions_have_one_pattern(self, document: Json) -> None:
        tags = ["*", '"5d41402a.1"', 'W/"x"', '"a", W/"b"', '""']
        for *_, operation in operations(document):
            for parameter in operation["parameters"]:
                if parameter["name"] == "If-Match":
                    assert parameter["schema"].keys() == {"type", "pattern"}
                    pattern = parameter["schema"]["pattern"]
                    assert all(re.search(pattern, tag) for tag in tags)
                    assert not any(re.search(pattern, tag) for tag in ("x", '"a" "b"', "**"))

    def test_keys_of_an_order_are_repeated(self, document: Json) -> None:
        for *_, operation in operations(document):
            for parameter in operation["parameters"]:
                if parameter["name"] == "sort":
                    assert parameter["schema"]["type"] == "array"
                    assert parameter.get("explode", True) and "style" not in parameter

    def test_every_error_answer_lists_its_codes(self, document: Json) -> None:
        for *_, operation in operations(document):
            for status, answer in operation["responses"].items():
                if status >= "400":
                    content = answer["content"]["application/problem+json"]
                    base, narrowed = content["schema"]["allOf"]
                    assert base == {"$ref": "#/components/schemas/Problem"}
                    assert narrowed["properties"]["code"]["enum"] == [*content["examples"]]

    def test_an_answer_that_operations_share_is_a_component(self, served: Json) -> None:
        for *_, operation in operations(served):
            for status in ("408", "414", "421", "431", "429"):
                assert "$ref" in operation["responses"].get(status, {"$ref": ""})

    @pytest.mark.needs("posts")
    def test_permissions_and_scopes_are_lists_of_words(self, served: Json) -> None:
        schemas = served["components"]["schemas"]
        assert {"posts:write", "roles:write"} <= {*schemas["Permission"]["enum"]}
        assert {*schemas["Scope"]["enum"]} < {*schemas["Permission"]["enum"]}
        ref = {"$ref": "#/components/schemas/Permission"}
        for name in ("UserRead", "ProfileRead", "AdminUserRead"):
            assert schemas[name]["properties"]["permissions"]["items"] == ref

    def test_no_description_is_empty(self, served: Json) -> None:
        for *_, operation in operations(served):
            assert operation["description"].endswith("."), operation["operationId"]
        for schema in every_schema(served):
            assert schema.get("description", "…")

    def test_what_is_always_sent_is_required(self, served: Json) -> None:
        schemas = served["components"]["schemas"]
        assert {*schemas["AdminUserRead"]["required"]} == {*schemas["AdminUserRead"]["properties"]}
        assert "details" not in schemas["ReadyRead"]["required"]
        assert schemas["Problem"]["properties"]["errors"]["type"] == "array"
