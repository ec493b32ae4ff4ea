"""From a model's declared fields to functions that read it: one with care, two that are quick.

Almost every object is exactly as the document has it. A quick function reads such a one in half the time: it is written
out for the fields of its class. Its text holds names that are made up here, such as `v0`, and nothing of a document:
what the service calls a field, and all else, is bound as a value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from textwrap import indent
from typing import Any, Final

from mantago_runtime.errors import InvalidResponseError
from mantago_runtime.mappings import ReadOnlyMapping
from mantago_runtime.reading.drift import Drift
from mantago_runtime.reading.fields import NOT_USUAL, JsonField, Reader, attributes_of, default_of, json_fields

EMPTY: Final = ReadOnlyMapping[Any]()
"""The `extra` of a model where the service sent nothing else: one object for all."""

Put = Callable[[object, object], None]


class Code:
    """The functions that read a class; with `envelope`, what an answer has around its content is checked and dropped.

    They fill the slots themselves: a frozen class's own constructor takes longer than all the rest.
    """

    def __init__(self, cls: Any, *, envelope: bool) -> None:
        self.cls = cls
        self._envelope: tuple[JsonField, ...] = getattr(cls, "_envelope", ())
        self._additional: Reader[Any] | None = getattr(cls, "_additional", None)
        slots = {attribute.name: vars(cls)[attribute.name].__set__ for attribute in attributes_of(cls)}
        declared = json_fields(cls)
        defaults = {attribute.name: default_of(attribute) for attribute in attributes_of(cls)}
        self.fields: list[tuple[JsonField, Put | None, object]] = [
            (field, slots[name], defaults[name]) for name, field in declared.items()
        ]
        if envelope:
            self.fields += [(field, None, None) for field in self._envelope]
        self._others = [(slots[name], default) for name, default in defaults.items() if name not in declared]
        self._put_extra: Put = slots["extra"]
        self._known = {field.name for field in (*declared.values(), *self._envelope)}
        self.quick_all: Callable[[Iterable[Any]], list[Any]] = _compiled(self, whole=False)
        """Reads elements of a list: changes nothing, and raises one of NOT_USUAL if one of them needs `careful`."""
        self.read: Callable[[object, list[Drift]], Any] = _compiled(self, whole=True)
        """Reads any answer, and what is large in it in pieces that are freed on the way."""

    def readers(self) -> list[Reader[Any]]:
        """Return the readers of what an object holds."""
        return [field.reader for field, _, _ in self.fields] + ([self._additional] if self._additional else [])

    def careful(self, value: object, drift: list[Drift]) -> Any:
        """Read an object field by field; raise InvalidResponseError for what can't be understood."""
        if not isinstance(value, dict):
            raise InvalidResponseError(f"must be an object, not {json_type(value)}", path="")
        result, found = object.__new__(self.cls), 0
        for field, put, default in self.fields:
            content = value.get(field.name)
            if content is None:
                found += field.absent(value, drift)
                content = default
            else:
                found += 1
                empty = field.empty(content, drift)
                content = default if empty else field.reader.read(content, drift, field.place)
            if put is not None:
                put(result, content)
        for put_other, other in self._others:
            put_other(result, other)
        if found < len(value):
            extra = {name: content for name, content in value.items() if name not in self._known}
            if self._additional:
                extra = {name: self._additional.read(value, drift, f".{name}") for name, value in extra.items()}
            else:
                drift += [Drift("unknown_field", f".{name}", "not in the spec") for name in extra]
            self._put_extra(result, ReadOnlyMapping(extra))
        return result


def code_of(cls: type, *, envelope: bool = True) -> Code:
    """Return the functions that read a class; they are made at the first use."""
    code = _made.get((cls, envelope))
    if code is None:
        # Another thread may make them too, and just the same.
        code = _made[cls, envelope] = Code(cls, envelope=envelope)
    return code


_made: dict[tuple[type, bool], Code] = {}


def json_type(value: object) -> str:
    """Name the type that a value has in JSON."""
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value)) or ("a number" if isinstance(value, (int, float)) else type(value).__name__)


# --- the quick functions --------------------------------------------------------------------------------------------


def _compiled(code: Code, *, whole: bool) -> Callable[..., Any]:
    """Return a quick function.

    With `whole` it takes the answer's drift too: it looks at all that is plain first, as that changes nothing; then it
    has lists and objects read by their readers, which may. What isn't as usual is read with care from the beginning.
    """
    bound: dict[str, Any] = {
        "absent": object(),
        "careful": code.careful,
        "cls": code.cls,
        "new": object.__new__,
        "NOT_USUAL": NOT_USUAL,
    }
    for index, (field, put, default) in enumerate(code.fields):
        reader = field.reader
        bound |= {f"n{index}": field.name, f"d{index}": default, f"p{index}": put}
        bound[f"b{index}"] = reader.read if whole and reader.shape else reader.bound()
        bound[f"l{index}"] = field.place
    for index, (put, default) in enumerate(code._others):  # noqa: SLF001 - the other half of this module
        bound |= {f"p_{index}": put, f"d_{index}": default}
    body = "\n".join(_body(code, whole=whole))
    text = f"def make({', '.join(bound)}):\n{indent(body, ' ')}\n return read"
    scope: dict[str, Any] = {}
    exec(compile(text, "<a model's quick reader>", "exec"), scope)  # noqa: S102 - no text of a document is in it
    made: Callable[..., Any] = scope["make"](**bound)
    return made


def _body(code: Code, *, whole: bool) -> Iterator[str]:
    look = "\n".join(_look(code, whole=whole))
    fill = "\n".join(_fill(code))
    if whole:
        yield "def read(data, drift):"
        yield f" try:\n{indent(look, '  ')}"
        yield " except NOT_USUAL:\n  pass\n else:"
        for index, (field, _, _) in enumerate(code.fields):
            if shape := field.reader.shape:
                yield f"  if type(v{index}) is {shape.__name__}: v{index} = b{index}(v{index}, drift, l{index})"
        yield f"{indent(fill, '  ')}\n  return result"
        # Out here, what it raises doesn't carry what was caught.
        yield " return careful(data, drift)"
    else:
        yield f"def read(values):\n results = []\n for data in values:\n{indent(look, '  ')}"
        yield f"{indent(fill, '  ')}\n  results.append(result)\n return results"


def _fill(code: Code) -> Iterator[str]:
    yield "result = new(cls)"
    yield from (f"p{index}(result, v{index})" for index, (_, put, _) in enumerate(code.fields) if put)
    yield from (f"p_{index}(result, d_{index})" for index in range(len(code._others)))  # noqa: SLF001


def _look(code: Code, *, whole: bool) -> Iterator[str]:
    """Yield what finds a value for each field, or raises; the number of members tells whether there are others."""
    fields = [field for field, _, _ in code.fields]
    usual = [index for index, field in enumerate(fields) if field.usual]
    others = [index for index, field in enumerate(fields) if not field.usual]
    yield "if type(data) is not dict: raise ValueError"
    for index in usual:
        yield f"v{index} = data[n{index}]"
        yield from _take(fields[index], index, whole=whole)
    if not others:
        yield f"if len(data) != {len(usual)}: raise ValueError"
        return
    yield f"if len(data) == {len(usual)}:"
    yield from (f" v{index} = d{index}" for index in others)
    yield f"else:\n count = {len(usual)}"
    for index in others:
        field = fields[index]
        yield f" v{index} = data.get(n{index}{', absent' if field.nullable else ''})"
        yield f" if v{index} is {'absent' if field.nullable else 'None'}: v{index} = d{index}"
        yield " else:\n  count += 1"
        yield from (indent(lines, "  ") for lines in _take(field, index, whole=whole))
    yield " if count != len(data): raise ValueError"


def _take(field: JsonField, index: int, *, whole: bool) -> Iterator[str]:
    value, reader = f"v{index}", field.reader
    if whole and reader.shape:
        lines = f"if type({value}) is not {reader.shape.__name__}: raise ValueError"
    else:
        lines = reader.inline(value, f"b{index}")
    if field.nullable:
        yield f"if {value} is None: {value} = d{index}\nelse:\n{indent(lines, ' ')}"
    else:
        yield lines
