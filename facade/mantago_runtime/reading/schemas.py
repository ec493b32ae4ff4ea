"""The schemas of models and open enumerations for pydantic, so that it takes them as they are.

A core schema is plain data: pydantic isn't imported before one of its models validates, and then it is there. What a
class holds is described by its readers, for the JSON schema; the class itself reads and writes.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from enum import Enum
from typing import Any

from mantago_runtime.errors import InvalidResponseError
from mantago_runtime.reading.fields import CoreSchema, json_fields


def schema_of(cls: type) -> CoreSchema:
    """Return the core schema of a model or an open enumeration, with those of all that it holds."""
    definitions = _Definitions()
    return {"type": "definitions", "schema": definitions.refer(cls), "definitions": [*definitions.found.values()]}


class _Definitions:
    def __init__(self) -> None:
        self.found: dict[type, CoreSchema] = {}

    def refer(self, cls: type) -> CoreSchema:
        if cls not in self.found:
            self.found[cls] = {}  # classes may hold each other
            self.found[cls] = _enumeration(cls) if issubclass(cls, Enum) else self._model(cls)
        return {"type": "definition-ref", "schema_ref": _place(cls)}

    def _model(self, cls: Any) -> CoreSchema:
        shape: CoreSchema = {"type": "typed-dict", "extra_behavior": "allow", "fields": {}}
        for field in json_fields(cls).values():
            content = field.reader.core_schema(self.refer)
            shape["fields"][field.name] = {
                "type": "typed-dict-field",
                "schema": {"type": "nullable", "schema": content} if field.nullable else content,
                "required": field.required and not field.write_only,
            }
        if cls._additional:
            shape["extras_schema"] = cls._additional.core_schema(self.refer)
        return _described(cls, shape, self._validator(cls), lambda value: value.to_dict(), "always")

    def _validator(self, cls: Any) -> Callable[[object, object], object]:
        def validated(value: object, _: object) -> object:
            if isinstance(value, cls):
                return value
            try:
                return cls.from_dict(value)
            except InvalidResponseError as error:
                problem, path = error.args[0], error.path
            from pydantic_core import PydanticCustomError, ValidationError  # noqa: PLC0415 - it is what calls this

            place = tuple(int(index) if index else name for index, name in re.findall(r"\[(\d+)\]|([^.[]+)", path))
            line: Any = {
                "type": PydanticCustomError("mantago", problem),
                "loc": place if path != "$" else (),
                # Pydantic shows it, and so does FastAPI in what it answers.
                "input": value if self._shows_values() else "...",
            }
            raise ValidationError.from_exception_data(cls.__name__, [line])

        return validated

    def _shows_values(self) -> bool:
        return all(getattr(cls, "_shows_values", True) for cls in self.found)


def _enumeration(cls: type[Enum]) -> CoreSchema:
    base = {"type": "int" if int in cls.__mro__ else "str"}
    listed = {"type": "literal", "expected": [member.value for member in cls]}
    shape = {"type": "union", "choices": [listed, base]}
    return _described(cls, shape, lambda value, _: cls(value), lambda value: value.value, "json")


def _described(
    cls: type, shape: CoreSchema, read: Callable[..., object], write: Callable[..., object], when: str
) -> CoreSchema:
    """Return the schema of a class that reads and writes itself, in JSON of this shape."""
    told = {"title": cls.__name__, "description": inspect.getdoc(cls)}
    titled = {"pydantic_js_functions": [lambda schema, handler: handler(schema) | told]}
    return {
        "type": "function-wrap",
        "ref": _place(cls),
        "function": {"type": "no-info", "function": read},
        "schema": shape | {"metadata": titled},
        "serialization": {"type": "function-plain", "function": write, "when_used": when},
    }


def _place(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}:{id(cls)}"
