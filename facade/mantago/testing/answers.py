"""The good answers of a document's operations."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import field, frozen

from mantago.testing.document import Document, Node, SpecOperation
from mantago.testing.refusals import CannedResponse
from mantago.testing.samples import flat, sample
from mantago.testing.schemas import schema_faults

__all__ = ["Answers", "Content", "Success", "is_json"]

_NOT_OURS: Final = frozenset({"connection", "content-encoding", "content-length", "content-type", "transfer-encoding"})
"""Headers that describe how an answer is sent, so their values aren't made up."""
_ENVELOPE: Final = frozenset({"success", "message"})


@frozen
class Content:
    """The content of an answer in plain JSON types; what is `left_out` on purpose isn't filled in.

    Optional members are filled in if none of this name is `known` to whoever wrote the content; None fills in none.
    """

    payload: Any
    left_out: frozenset[str] = frozenset()
    known: frozenset[str] | None = None


@frozen
class Success:
    """An operation's good answer: its status and headers, the schema of its content, and a sample of the content.

    `schema` is None where the document promises no content.
    """

    status: int
    content_type: str
    headers: tuple[tuple[str, str], ...]
    schema: Node | None
    payload: Any

    def saying(self, payload: Any) -> CannedResponse:
        """Return the answer with this content."""
        return CannedResponse(self.status, self._written(payload), self.content_type, self.headers)

    def _written(self, payload: Any) -> bytes:
        if self.schema is None:
            return b""
        if isinstance(payload, str) and not is_json(self.content_type):
            return payload.encode()
        return json.dumps(payload, ensure_ascii=False).encode()


@frozen
class Answers:
    """The good answers of a document's operations, each made up once."""

    document: Document
    _found: dict[tuple[str, str], Success] = field(factory=dict, init=False)

    def of(self, operation: SpecOperation) -> Success:
        """Return what an operation answers."""
        if operation.key not in self._found:
            self._found[operation.key] = self._made_up(operation)
        return self._found[operation.key]

    def completed(self, name: str, content: Content) -> Content:
        """Return content with made-up values for what the operation of this name requires and the content lacks.

        Optional members that came with a newer document than the content are filled in, too: see `Content`. Raises
        ValueError for content of another type than the operation's, such as a number in place of an object.
        """
        operation = self.document.named(name)
        schema = (self.of(operation).schema if operation else None) or {}
        merged = flat(self.document, schema)
        typed: dict[str, Any] = {keyword: merged[keyword] for keyword in ("type", "nullable") if keyword in merged}
        if fault := next(schema_faults(self.document, typed, content.payload, "it"), None):
            told = f"{name} can't answer with {content.payload!r:.50}: {fault.replace(': ', ' ', 1)}"
            raise ValueError(f"{told}; give a result of the operation, or JSON under the service's names")
        return Content(_completed(self.document, schema, content.payload, content))

    def _made_up(self, operation: SpecOperation) -> Success:
        responses = operation.node["responses"]
        key = min((key for key in responses if key.startswith("2")), default="default")
        response = self.document.resolved(responses.get(key, {}))
        status = int(key.replace("XX", "00")) if key != "default" else 200
        content = response.get("content", {})
        headers = tuple(self._headers(response.get("headers", {})))
        kinds = sorted(content, key=lambda kind: not is_json(_without_range(kind)))
        if not kinds:
            return Success(status, "text/plain", headers, None, None)
        media = content[kinds[0]]
        schema: Node = media.get("schema", {})
        examples = [self.document.resolved(example).get("value") for example in media.get("examples", {}).values()]
        examples = [media["example"]] if "example" in media else examples
        exemplified = {**flat(self.document, schema), "example": examples[0]} if examples else schema
        return Success(status, _without_range(kinds[0]), headers, schema, sample(self.document, exemplified))

    def _headers(self, declared: Mapping[str, Node]) -> Iterator[tuple[str, str]]:
        for name, node in declared.items():
            header = self.document.resolved(node)
            if name.lower() not in _NOT_OURS and "schema" in header:
                yield name.lower(), _in_a_header(sample(self.document, header["schema"]))


def is_json(content_type: str) -> bool:
    """Return whether a media type is JSON."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


def _without_range(content_type: str) -> str:
    """Return a media type that a range such as */* includes."""
    if content_type in {"*/*", "application/*"}:
        return "application/json"
    return content_type.replace("*", "plain")


def _in_a_header(value: Any) -> str:
    match value:
        case str():
            return value
        case list():
            return ",".join(map(_in_a_header, value))
        case dict():
            return ",".join(f"{name},{_in_a_header(member)}" for name, member in value.items())
        case _:
            return json.dumps(value)


def _completed(document: Document, schema: Node, value: Any, content: Content) -> Any:
    """Return a value of the content with made-up members that it lacks, but for those left out on purpose."""
    merged = flat(document, schema)
    if isinstance(value, list):
        return [_completed(document, merged.get("items", {}), element, content) for element in value]
    if not isinstance(value, dict):
        return value
    properties: Mapping[str, Node] = merged.get("properties", {})
    newer = () if content.known is None else properties.keys() - content.known
    wanted = dict.fromkeys([*merged.get("required", ()), *(name for name in properties if name in newer)])
    lacking = [name for name in wanted if name not in value and name not in content.left_out]
    shown = (name for name in lacking if not document.resolved(properties.get(name, {})).get("writeOnly"))
    added = {name: sample(document, properties.get(name, {}), name=name) for name in shown}
    return added | {name: _completed(document, properties.get(name, {}), it, content) for name, it in value.items()}
