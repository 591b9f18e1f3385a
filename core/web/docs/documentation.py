"""The data of the pages: the OpenAPI document, and the operations of each problem."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from core.kernel.json_types import JsonObject
from core.web.catalogues import Catalogues
from core.web.precompressed import Precompressed


@dataclass(frozen=True)
class Operation:
    id: str
    tag: str
    method: str
    path: str


class Documentation:
    """The OpenAPI document, built at the first request, when every route is registered."""

    def __init__(self, make_document: Callable[[], JsonObject], catalogues: Catalogues) -> None:
        self._make_document, self.catalogues = make_document, catalogues

    @cached_property
    def document(self) -> JsonObject:
        return self._make_document()

    @cached_property
    def file(self) -> Precompressed:
        content = json.dumps(self.document, ensure_ascii=False, separators=(",", ":")).encode()
        return Precompressed(content, "application/json", "no-cache")

    def answering(self, code: str) -> list[Operation]:
        """Return the operations that may respond with this problem."""
        return [
            Operation(operation["operationId"], operation["tags"][0], method.upper(), path)
            for method, path, operation in self.operations()
            if any(f"`{code}`" in text for text in self._descriptions(operation))
        ]

    def _descriptions(self, operation: JsonObject) -> Iterator[str]:
        """Yield the description of each response of an operation, including shared ones."""
        shared = self.document["components"]["responses"]
        for response in operation["responses"].values():
            name = response.get("$ref", "").rpartition("/")[2]
            yield (shared[name] if name else response)["description"]

    def operations(self) -> Iterator[tuple[str, str, JsonObject]]:
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                yield method, path, operation
