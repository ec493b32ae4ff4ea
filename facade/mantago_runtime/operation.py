"""The operations of the document and their requests, in pure functions.

A value of a path parameter may not make the path that of another operation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeAlias, TypeVar

from attrs import field, frozen

from mantago_runtime.document import Media, OperationInfo, instances
from mantago_runtime.reading.fields import Reader, load
from mantago_runtime.writing.bodies import body_of
from mantago_runtime.writing.styles import Parameter, cookie_pairs, header_text, path_segment, query_items, refusal

T = TypeVar("T")
Key: TypeAlias = str | tuple[str, str]
Answers: TypeAlias = Mapping[int | str, Reader[Any]]

__all__ = ["Answers", "Operation", "Parameter", "Request"]


@frozen(eq=False)
class Request(Generic[T]):
    """The content of one call, before it is signed; the repr is silent, since the body may hold a secret or an id."""

    operation: Operation[T] = field(repr=False)
    path: str = field(repr=False)
    """Percent-encoded, without the server's own part."""
    query: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: Mapping[str, Any] | None = field(default=None, repr=False, kw_only=True)
    """The JSON object to send; None where the body is something else: `content`."""
    content: bytes | None = field(default=None, repr=False, kw_only=True)
    content_type: str | None = field(default=None, kw_only=True)


class Operation(Generic[T]):
    """One operation of the document; `reads` if it changes nothing at the service, so that it may be sent again.

    `result` reads a 200; where the document has other good answers, `answers` has a reader by status, such as 201 or
    "2XX". `accept` is what is asked for where that isn't JSON; `encoding`, style and explode of a form's fields.
    `members` are the names of arguments that members of the body are given by, where those aren't its fields' own.
    `not_paths` are other paths of the document that a value of a path parameter could lead to.
    """

    def __init__(
        self,
        *,
        name: str,
        method: str,
        path: str,
        result: Reader[T] | None = None,
        answers: Answers | None = None,
        reads: bool = False,
        parameters: Sequence[Parameter] = (),
        content_type: str | None = None,
        encoding: Mapping[str, tuple[str, bool]] | None = None,
        members: Mapping[str, str] | None = None,
        accept: str | None = None,
        not_paths: Sequence[str] = (),
    ) -> None:
        self.info = OperationInfo(name, method, path, reads)
        self.answers: Answers = {200: result} if answers is None and result is not None else dict(answers or {})
        self.media: dict[int | str, Media] = {status: reader.media for status, reader in self.answers.items()}
        self.encoding = dict(encoding or {})
        self.members = dict(members or {})
        self.accept = accept
        self.parameters = tuple(parameters)
        self.content_type = content_type
        self.not_paths = tuple(not_paths)
        self.is_loaded = False

    def request(self, values: Mapping[Key, Any] | Mapping[str, Any], body: object = None) -> Request[T]:
        """Return the request with these values, by the service's names, and the body; what is None is left out.

        A name that stands in two places is given with its place, such as `("path", "id")`. Raises ValueError for what
        can't be sent, under the name that the caller knows it by.
        """
        if not self.is_loaded:
            load(self.answers.values())
            self.is_loaded = True
        query: list[tuple[str, str]] = []
        headers: list[tuple[str, str]] = []
        cookies: list[str] = []
        segments: dict[str, str] = {}
        given: Mapping[Any, Any] = values
        for parameter in self.parameters:
            value = given.get((parameter.place, parameter.name), given.get(parameter.name))
            if value is None and parameter.place != "path":
                continue
            try:
                match parameter.place:
                    case "query":
                        query += query_items(parameter, value)
                    case "path":
                        segments[parameter.name] = path_segment(parameter, value)
                    case "header":
                        headers.append((parameter.name, header_text(parameter, value)))
                    case _:
                        cookies += cookie_pairs(parameter, value)
            except ValueError as error:
                raise refusal(parameter.argument, error) from None
        if cookies:
            headers.append(("Cookie", "; ".join(cookies)))
        path = self._path(segments) if segments else self.info.path
        if self.content_type is None or body is None:
            return Request(self, path, tuple(query), tuple(headers))
        sent, content, content_type = body_of(self.content_type, body, self.encoding, self.members)
        return Request(self, path, tuple(query), tuple(headers), body=sent, content=content, content_type=content_type)

    def _path(self, segments: Mapping[str, str]) -> str:
        path = re.sub(r"\{(.*?)\}", lambda match: segments[match[1]], self.info.path)
        for other in self.not_paths:
            if instances(other).fullmatch(path):
                arguments = {one.name: one.argument for one in self.parameters if one.place == "path"}
                told = " and ".join(f"{arguments[name]} {text!r}" for name, text in segments.items())
                raise ValueError(f"with {told} the path would be that of another operation, {other}")
        return path
