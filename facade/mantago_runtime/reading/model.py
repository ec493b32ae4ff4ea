"""The base of every generated model: an immutable object that declares how it is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from enum import Enum
from typing import Any, ClassVar, Self, TypeAlias, TypeVar

from attrs import field, frozen

from mantago_runtime.errors import InvalidResponseError
from mantago_runtime.mappings import Headers, ReadOnlyMapping, request_id_in
from mantago_runtime.reading.compiler import EMPTY, code_of
from mantago_runtime.reading.containers import copied
from mantago_runtime.reading.drift import Drift
from mantago_runtime.reading.fields import KEY, JsonField, Reader, attributes_of, default_of, json_fields, plain

T = TypeVar("T")
CameWith: TypeAlias = tuple[int, Mapping[str, str], int, float]
"""The parts of a `ResponseInfo`, made when somebody asks for it: hardly anybody does, and a tuple costs nothing."""

__all__ = ["EMPTY", "JsonField", "Model", "ResponseInfo", "Result", "json_field", "read_only"]


def json_field(name: str, reader: Reader[Any], **options: bool) -> dict[str, JsonField]:
    """Return the metadata of a field that comes from the service: see `JsonField`."""
    return {KEY: JsonField(name, reader, **options)}


def read_only(items: Mapping[str, Any]) -> ReadOnlyMapping[Any]:
    """Return a mapping that can't be changed."""
    return items if isinstance(items, ReadOnlyMapping) else ReadOnlyMapping(items)


class Model:
    """The base of all models: the way from JSON and back, and a repr of one line that leaves out what is empty."""

    __slots__ = ()
    _shows_values: ClassVar[bool] = True
    """False on what is sent, which may hold a secret or an id."""
    _additional: ClassVar[Reader[Any] | None] = None
    """Reads what the document allows beside the fields, where it says how that looks: then it is no drift."""
    extra: Mapping[str, Any]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        # Those that attrs makes leave a field unset that the version which pickled the object didn't know.
        for name in {"__getstate__", "__setstate__"} & vars(cls).keys() if "__attrs_attrs__" in vars(cls) else ():
            delattr(cls, name)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read plain JSON types, such as `to_dict()` gives; raise InvalidResponseError for what can't be understood.

        It is as tolerant as a client, and lists what it tolerated in `drift` if the class has one.
        """
        drift: list[Drift] = []
        try:
            result: Self = code_of(cls, envelope=False).read(copied(data), drift)
        except InvalidResponseError as error:
            error.path = error.path.removeprefix(".") or "$"
            raise
        return finished(result, from_the_top(drift))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> dict[str, Any]:
        from mantago_runtime.reading.schemas import schema_of  # noqa: PLC0415 - only pydantic asks for it

        return schema_of(cls)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types under the service's names.

        It leaves out None, writes datetimes in UTC with `Z`, and includes what `extra` holds.
        """
        return self._written(request=False)

    def _to_request(self) -> dict[str, Any]:
        """Return what is sent: without what only the service sets, and with null where None has to be told."""
        return self._written(request=True)

    def _written(self, *, request: bool) -> dict[str, Any]:
        # No name for the values before all are written: a frame of a traceback would show the secret among them.
        data = dict(self._members(request=request))
        if not self.extra:
            return data
        if self._additional is None:
            data |= plain(self.extra, request=request)
            return data
        return data | {name: self._additional.write(value, request=request) for name, value in self.extra.items()}

    def _members(self, *, request: bool) -> Iterator[tuple[str, Any]]:
        for name, declared in json_fields(type(self)).items():
            value = getattr(self, name)
            if request and declared.read_only:
                continue
            if value is not None:
                yield declared.name, declared.reader.write(value, request=request)
            elif declared.required and declared.nullable:
                yield declared.name, None

    def __repr__(self) -> str:
        if not self._shows_values:
            return f"{type(self).__name__}(...)"
        # None: error reporters show the half-read object of a frame that refused to read on.
        shown = ((a.name, getattr(self, a.name, None)) for a in attributes_of(type(self)))
        parts = (f"{name}={_brief(value)}" for name, value in shown if value or isinstance(value, (int, float)))
        return f"{type(self).__name__}({', '.join(parts)})"

    def __getstate__(self) -> dict[str, Any]:
        return {attribute.name: getattr(self, attribute.name) for attribute in attributes_of(type(self))}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for attribute in attributes_of(type(self)):
            object.__setattr__(self, attribute.name, state.get(attribute.name, default_of(attribute)))


@frozen
class ResponseInfo:
    """All that came with an answer, and what the call took.

    `headers` can be read in any case, and hold no secret. `elapsed` is in seconds, for all attempts together.
    """

    __module__ = "mantago"

    status_code: int
    headers: Mapping[str, str] = field(hash=False)
    attempts: int
    elapsed: float

    @property
    def request_id(self) -> str | None:
        """The request's name in the service's own records, for its support; None if the headers hold none."""
        return request_id_in(self.headers)


class Result(Model):
    """A model that is a whole answer.

    `drift` lists where the answer differed from the spec, `response` what came with it; neither counts in equality.
    """

    # Not a field: it is no part of what the document describes, and isn't given to the constructor.
    __slots__ = ("_came_with",)
    _came_with: CameWith
    _envelope: ClassVar[tuple[JsonField, ...]] = ()
    """The fields around the content, which are checked and dropped."""
    drift: tuple[Drift, ...]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read plain JSON types, such as `to_dict()` gives or the service sends; raise InvalidResponseError for others.

        It is as tolerant as a client, and lists what it tolerated in `drift`.
        """
        given: object = data
        if cls._envelope and isinstance(given, Mapping) and given.get("success") is False:
            raise InvalidResponseError("is false: the service said no", path="success")
        return super().from_dict(data)

    @property
    def response(self) -> ResponseInfo | None:
        """Return what came with the answer; None in an object that was made from no answer, or from a part of one."""
        told: CameWith | None = getattr(self, "_came_with", None)
        return None if told is None else ResponseInfo(*told)

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        if (response := self.response) is None:
            return state
        # In types that every version knows: another release may load it.
        told = (response.status_code, dict(response.headers), response.attempts, response.elapsed)
        return state | {"response": told}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if told := state.get("response"):
            status_code, headers, attempts, elapsed = told
            note_response(self, (status_code, Headers(headers.items()), attempts, elapsed))


def note_response(result: object, told: CameWith) -> None:
    """Note in an answer what came with it."""
    if isinstance(result, Result):
        object.__setattr__(result, "_came_with", told)


def finished(result: T, drift: tuple[Drift, ...]) -> T:
    """Note in an answer what was tolerated of it."""
    if isinstance(result, Result):
        # It was made a moment ago, and nobody has seen it yet.
        object.__setattr__(result, "drift", drift)
    return result


def from_the_top(drift: list[Drift]) -> tuple[Drift, ...]:
    """Return drift as the caller sees it."""
    return tuple(Drift(line.kind, line.path.removeprefix("."), line.detail) for line in drift)


def _brief(value: object) -> str:
    match value:
        case tuple() if len(value) > 3:
            return f"<{len(value)}>"
        case date():
            return value.isoformat()
        case Enum():
            return repr(value.value)
        case _:
            return repr(value)
