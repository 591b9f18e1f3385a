"""The OpenAPI document: valid, whole, and with examples that work when they are sent."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
import schemathesis
from click.testing import CliRunner
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from pydantic import create_model

from config.log_writer import LogWriter
from config.settings import Settings
from core.app import create_app
from core.kernel.schemas import Schema
from core.web.openapi.responses import another
from core.web.openapi.schemas import Schemas
from core.web.problems import Problem
from core.web.route_options import RouteOptions, options_of
from core.wiring.document import document_of_application
from core.wiring.routes import operations_of
from tests.api.document import expanded

Json = dict[str, Any]
NULL: Json = {"type": "null"}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, log_lines: LogWriter) -> Litestar:
    """Put together, but not started: it only describes itself."""
    settings = Settings(environment="test", data_dir=tmp_path_factory.mktemp("var"))
    return create_app(settings, lines=log_lines)


@pytest.fixture(scope="module")
def served(app: Litestar) -> Json:
    made: Json = json.loads(json.dumps(document_of_application(app)))
    return made


@pytest.fixture(scope="module")
def document(served: Json) -> Json:
    """The same with shared parameters and answers in place."""
    return expanded(served)


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def every_schema(value: Any) -> Iterator[Json]:
    """Every object of a document, schemas among them."""
    if isinstance(value, list):
        for each in value:
            yield from every_schema(each)
    if isinstance(value, dict):
        yield value
        for key, each in value.items():
            if key not in ("example", "examples"):
                yield from every_schema(each)


def described(
    app: Litestar, document: Json
) -> Iterator[tuple[HTTPRouteHandler, RouteOptions, Json]]:
    """Each route with what the document says of it."""
    for route, handler in operations_of(app.routes):
        if handler.resolve_include_in_schema():
            for method in handler.http_methods:
                operation = document["paths"][route.path_format or "/"][method.lower()]
                yield handler, options_of(handler), operation


def names(operation: Json, place: str) -> set[str]:
    return {each["name"] for each in operation["parameters"] if each["in"] == place}


class TestWhole:
    def test_it_is_a_valid_document(self, served: Json) -> None:
        schemathesis.openapi.from_dict(served).validate()

    def test_signing_in_comes_first_and_administration_last(self, document: Json) -> None:
        tags = [each["name"] for each in document["tags"]]
        assert (tags[0], tags[-1]) == ("auth", "admin")
        assert tags[:-1] == sorted(tags[:-1])

    def test_every_reference_leads_somewhere(self, served: Json) -> None:
        for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(served))):
            place: Any = served
            for step in reference.split("/"):
                place = place[step]

    def test_every_route_is_in_it_but_those_of_the_documentation(
        self, app: Litestar, document: Json
    ) -> None:
        left_out = {
            route.path_format
            for route, handler in operations_of(app.routes)
            if not handler.resolve_include_in_schema()
        }

        files = {f"/api/v1/files/{each}" for each in ("direct", "resumable", "trash")}
        roots = {each.split("/")[1] for each in left_out - files}
        assert files < left_out and roots == {"docs", "static"}
        assert len(list(described(app, document))) == len(list(operations(document)))

    def test_every_operation_has_a_name_of_its_own(self, app: Litestar, document: Json) -> None:
        ids = [operation["operationId"] for *_, operation in operations(document)]

        assert len(set(ids)) == len(ids)
        for handler, rules, operation in described(app, document):
            module, name = operation["operationId"].split(".")
            assert module == rules.module and re.fullmatch(r"[a-z][a-z_]*", name)
            nouns = ("", f"_{module}", f"_{module.removesuffix('s')}")
            assert handler.fn.__name__ in {f"{name}{noun}" for noun in nouns}
            assert operation["summary"]

    def test_every_module_says_what_it_is(self, document: Json) -> None:
        used = {tag for *_, operation in operations(document) for tag in operation["tags"]}

        assert {each["name"] for each in document["tags"]} == used
        assert all(each["description"].endswith(".") for each in document["tags"])

    def test_the_command_prints_it(self, monkeypatch: pytest.MonkeyPatch, app: Litestar) -> None:
        from core.cli import openapi

        monkeypatch.setattr(openapi, "application_or_exit", lambda: app)
        printed = CliRunner().invoke(openapi.openapi, ["--indent", "1"])

        assert json.loads(printed.stdout) == json.loads(json.dumps(document_of_application(app)))


class TestNames:
    """Of operations and components, as generators make classes and methods of them."""

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
    """What generators of clients stumble over, and what they need."""

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


class TestParameters:
    def test_no_query_parameter_that_is_known_is_left_out(
        self, app: Litestar, document: Json
    ) -> None:
        for _, rules, operation in described(app, document):
            assert names(operation, "query") == set(rules.query or ()), operation["operationId"]

    def test_every_list_says_how_it_may_be_sorted(self, app: Litestar, document: Json) -> None:
        for _, rules, operation in described(app, document):
            if rules.listing is None:
                continue
            [sort] = [each for each in operation["parameters"] if each["name"] == "sort"]
            assert set(sort["schema"]["items"]["enum"]) >= set(rules.listing.keys)
            assert ",".join(sort["schema"]["default"]) == rules.listing.default

    def test_preconditions_are_named_where_they_are_looked_at(
        self, app: Litestar, document: Json
    ) -> None:
        for handler, _, operation in described(app, document):
            if "GET" not in handler.http_methods:
                looked_at = "if_match" in handler.parsed_fn_signature.parameters
                sent = {"If-Match", "If-None-Match"} & names(operation, "header")
                assert sent == ({"If-Match", "If-None-Match"} if looked_at else set())

    def test_every_change_of_what_is_there_takes_one(self, document: Json) -> None:
        for method, _, operation in operations(document):
            if method in ("put", "patch", "delete"):
                assert "If-Match" in names(operation, "header"), operation["operationId"]
                assert "412" in operation["responses"], operation["operationId"]

    def test_a_download_names_every_condition_and_an_upload_its_digests(
        self, document: Json
    ) -> None:
        files = "/api/v1/files"
        download = document["paths"][f"{files}/{{file_id}}/download"]["get"]
        assert names(download, "header") == {"Range", "If-Range", "If-Match", "If-None-Match"}
        assert download["responses"]["200"]["content"].keys() == {
            "application/octet-stream",
            "image/*",
            "video/*",
            "audio/*",
        }
        for upload in ("upload", "upload-multiple"):
            operation = document["paths"][f"{files}/{upload}"]["post"]
            assert names(operation, "header") >= {"Content-Digest", "Repr-Digest"}

    def test_every_post_of_the_api_takes_an_idempotency_key(self, document: Json) -> None:
        for method, path, operation in operations(document):
            takes = method == "post" and path.startswith("/api/")
            assert ("Idempotency-Key" in names(operation, "header")) == takes


class TestAnswers:
    def test_every_operation_names_what_the_edge_answers(self, document: Json) -> None:
        for *_, operation in operations(document):
            edge = {"400", "408", "414", "421", "431", "500", "503"}
            assert edge <= operation["responses"].keys(), operation["operationId"]
            assert "405" not in operation["responses"]

    def test_who_must_sign_in_is_told_so(self, app: Litestar, document: Json) -> None:
        for _, rules, operation in described(app, document):
            guarded = not rules.policy.anyone
            assert bool(operation["security"]) == (guarded or rules.policy.strict)
            assert ("403" in operation["responses"]) or not guarded
            assert ("401" in operation["responses"]) or not guarded

    def test_what_is_counted_may_be_refused(self, app: Litestar, document: Json) -> None:
        for _, rules, operation in described(app, document):
            assert ("429" in operation["responses"]) == rules.in_api

    def test_bodies_may_be_of_the_wrong_kind_or_too_large(self, document: Json) -> None:
        for *_, operation in operations(document):
            if "requestBody" in operation:
                assert {"413", "415"} <= operation["responses"].keys()

    def test_every_error_is_a_problem_with_an_example_of_each_kind(self, document: Json) -> None:
        for *_, operation in operations(document):
            for status, answer in operation["responses"].items():
                if status < "400":
                    continue
                [(kind, content)] = answer["content"].items()
                assert kind == "application/problem+json"
                codes = re.findall(r"`([a-z_.]+)`: ", answer["description"])
                assert list(content["examples"]) == codes
                for code in codes:
                    example = document["components"]["examples"][code]["value"]
                    assert (example["code"], example["status"]) == (code, int(status))

    def test_every_success_with_a_body_has_a_schema(self, document: Json) -> None:
        for *_, operation in operations(document):
            for kind, content in operation["responses"].get("200", {}).get("content", {}).items():
                assert kind != "application/json" or content["schema"]

    def test_every_list_has_one_shape_and_a_schema_of_its_kind(
        self, app: Litestar, document: Json
    ) -> None:
        members = ["data", "per_page", "page", "total", "next_cursor"]
        for _, rules, operation in described(app, document):
            if rules.listing is None:
                continue
            content = operation["responses"]["200"]["content"]["application/json"]
            name = content["schema"]["$ref"].rpartition("/")[2]
            schema = document["components"]["schemas"][name]
            assert name.endswith("List") and schema["required"] == members
            assert [*schema["properties"]] == members

    @pytest.mark.needs("posts")
    def test_only_what_is_sent_is_promised(self, document: Json) -> None:
        promised = {
            (path.removeprefix("/api/v1"), name)
            for method, path, operation in operations(document)
            for status, answer in operation["responses"].items()
            for name in answer.get("headers", ())
            if method == "post" and status < "300" and name in ("ETag", "Location")
        }
        created = {"/users", "/files/upload", "/auth/register", "/posts", "/admin/users"}
        assert promised == {
            *((path, name) for path in created for name in ("ETag", "Location")),
            ("/auth/api-keys", "Location"),
            ("/files/upload-multiple", "Location"),
            ("/admin/maintenance", "ETag"),
        }

    def test_headers_that_only_some_answers_have(self, document: Json) -> None:
        download = document["paths"]["/api/v1/files/{file_id}/download"]["get"]["responses"]
        assert {"Repr-Digest", "Content-Disposition", "ETag"} <= {*download["200"]["headers"]}
        assert {"Content-Range", "Accept-Ranges", "ETag"} <= {*download["206"]["headers"]}
        assert {"application/octet-stream", "multipart/byteranges"} <= {*download["206"]["content"]}
        assert "Content-Range" in download["416"]["headers"]
        assert "ETag" in download["304"]["headers"] and "RateLimit" in download["429"]["headers"]
        post = document["paths"]["/api/v1/users"]["post"]["responses"]
        assert {"Retry-After", "Idempotency-Replayed"} <= {*post["409"]["headers"]}
        for method, _, operation in operations(document):
            unread = operation["responses"].get("415", {}).get("headers", {})
            assert ("Accept-Patch" in unread) == (method == "patch")

    def test_a_success_beside_the_usual_one_is_told_too(self) -> None:
        later = ResponseSpec(Problem, description="Later.")
        answer = another(202, later, {}, Schemas())
        assert answer["description"] == "Later."
        schema = answer["content"]["application/json"]["schema"]
        assert schema == {"$model": (Problem, "serialization")}
        assert "content" not in another(202, ResponseSpec(None), {}, Schemas())

    def test_a_key_is_refused_where_none_is_taken(self, document: Json) -> None:
        for path in ("/auth/login", "/auth/register", "/auth/revoke"):
            refused = document["paths"][f"/api/v1{path}"]["post"]["responses"]["403"]
            examples = refused["content"]["application/problem+json"]["examples"]
            assert {*examples} - {"auth.reset_required"} == {"auth.key_not_allowed"}


class TestExamples:
    def test_every_body_has_one(self, document: Json) -> None:
        for *_, operation in operations(document):
            for kind, content in operation.get("requestBody", {}).get("content", {}).items():
                assert kind == "multipart/form-data" or content["example"] is not None
