"""The OpenAPI document: valid, complete, and with examples that work when they are sent."""

import json
import re
from typing import Any

import pytest
import schemathesis
from click.testing import CliRunner
from litestar import Litestar
from litestar.openapi.datastructures import ResponseSpec

from core.web.openapi.responses import another
from core.web.openapi.schemas import Schemas
from core.web.problems import Problem
from core.wiring.document import document_of_application
from core.wiring.routes import operations_of
from tests.core.web.documents import Json, app, described, document, operations, served

__all__ = ["app", "document", "served"]


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

        monkeypatch.setattr(openapi, "loaded_application", lambda: app)
        printed = CliRunner().invoke(openapi.openapi, ["--indent", "1"])

        assert json.loads(printed.stdout) == json.loads(json.dumps(document_of_application(app)))


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
