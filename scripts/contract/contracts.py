"""The operations of a document as they are generated and checked."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from attrs import asdict, frozen

from .documents import Document, same
from .parameters import Side
from .plain_schemas import PlainSchemas
from .rules import REQUEST, RESPONSE

JSON = "application/json"


@frozen
class Contract:
    """The contract of an operation, to generate and check requests and answers: JSON Schemas and their places."""

    operation: str
    parameters: dict[str, tuple[bool, dict[str, Any]]]
    body: dict[str, Any] | None
    status: str
    answer: dict[str, Any] | None
    servers: tuple[str, ...]
    # The places of the schemas of body and answer: a schema that several operations share is one finding.
    body_at: str | None = None
    answer_at: str | None = None

    @property
    def asked(self) -> Any:
        """Everything that a request can violate."""
        return [self.parameters, self.body, self.servers]

    def at(self, place: str) -> str | None:
        """Return the JSON pointer of the schema that a finding is about."""
        return self.body_at if place.startswith("request body") else self.answer_at if "response" in place else None


class Contracts:
    """The operations of a document as they are generated and checked."""

    def __init__(self, document: Document) -> None:
        """Begin with no operation looked at."""
        self._document = document
        self._asked, self._answered = PlainSchemas(REQUEST), PlainSchemas(RESPONSE)

    def of(self, operation: str) -> Contract | None:
        """Return the contract of an operation; None if the document doesn't have it."""
        method, _, path = operation.partition(" ")
        root = self._document.root
        item = root.get("paths").get(path)
        place = item.get(method.lower())
        if not place:
            return None
        # Path parameters are told apart by their order, since their names don't matter to a call.
        named = dict(enumerate(re.findall(r"\{(.*?)\}", path)))
        parameters = {
            f"{where} {named[int(name)] if where == 'path' else name}": (
                found.says("required") is True,
                self._asked.of([found.get("schema")]),
            )
            for (where, name), found in Side(path, item, place).parameters().items()
        }
        body = place.get("requestBody").get("content").get(JSON)
        status = next((status for status in sorted(place.get("responses").mapping) if status.startswith("2")), "200")
        answer = place.get("responses").get(status).get("content").get(JSON)
        servers = place.raw("servers") or item.raw("servers") or root.raw("servers")
        return Contract(
            operation,
            parameters,
            self._asked.of([body.raw("schema")]) if body else None,
            status if status.isdecimal() else "200",
            self._answered.of([answer.raw("schema")]) if answer else None,
            tuple(url for server in servers.elements() if (url := server.raw("url").text)),
            *(media.raw("schema").resolved().at if media else None for media in (body, answer)),
        )


def changed(old: Document, new: Document, among: Collection[str] | None = None) -> Iterator[tuple[Contract, Contract]]:
    """Yield both contracts of each operation whose contract differs between the documents."""
    before, after = Contracts(old), Contracts(new)
    for path, item in old.root.get("paths").children():
        for name in (f"{method.upper()} {path}" for method in item.mapping):
            if among is None or name in among:
                pair = before.of(name), after.of(name)
                if pair[0] and pair[1] and not same(asdict(pair[0]), asdict(pair[1])):
                    yield pair[0], pair[1]
