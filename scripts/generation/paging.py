"""The method that goes through all pages of a list, where `x-mantago-paging` declares how."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from attrs import evolve, frozen

from generation.arguments import Argument, result_of
from generation.code import Classes, Imports, annotation
from generation.document import Refused
from generation.fields import Field, field_names
from generation.ir import FLAG, INTEGER, NUMBER, TEXT, Directions, Endpoint, ListOf, Named, Nullable, Place, Type
from generation.methods import Method
from generation.models import model
from generation.names import cut, free
from generation.text import docstring
from vendoring.fragments import pointer

_KEYS = ("page", "first", "token", "size", "items", "total", "more", "next")
_SEES = {
    "page": "It ends where the service says so, or at an empty page.",
    "token": "It ends where the service says so, at an empty page, or at a token that it has seen.",
}
_SAID: Mapping[str, tuple[tuple[Type, ...], str]] = {
    "total": ((INTEGER, NUMBER), "number"),
    "more": ((FLAG,), "boolean"),
    "next": ((TEXT,), "text"),
}


@frozen
class Iteration:
    """The friendly method that yields the items of a list, in code; all else is as in the method of one page."""

    method: Method
    item: str
    argument: str
    """The argument that asks for a certain page."""
    kind: str
    first: str
    paging: str
    """The name of the loop's module in the method."""
    fetch: str
    answer: str
    page: tuple[tuple[str, str], ...]
    """The fields of a Page, with their expressions."""


def iterator_names(
    endpoints: Collection[Endpoint], names: Mapping[Place, str], attributes: Collection[str]
) -> dict[Place, str]:
    """Return the names of the methods that go through all pages: iter_ and the name of what is listed."""
    paged = sorted((one for one in endpoints if one.paging is not None), key=lambda one: pointer(one.place))
    wanted = {one.place: names[one.place].removeprefix("list_").removeprefix("get_") for one in paged}
    result: dict[Place, str] = {}
    for place, what in wanted.items():
        # Of two with one name, both have their whole names, so that their order decides nothing.
        told = names[place] if [*wanted.values()].count(what) > 1 else what
        result[place] = cut(free(f"iter_{told}", {*attributes, *names.values(), *result.values()}))
    return result


def iteration(
    endpoint: Endpoint, page: Method, classes: Classes, used: Directions, imports: Imports, *, name: str
) -> Iteration:
    """Return the method that goes through all pages; `page` is the one that calls for one of them."""
    return _DeclarationReader(endpoint, page, classes, used).iteration(name, imports)


@frozen
class _DeclarationReader:
    """Reads the declaration of one operation."""

    endpoint: Endpoint
    page: Method
    classes: Classes
    used: Directions

    def iteration(self, name: str, imports: Imports) -> Iteration:
        told = self._declared()
        by = "page" if "page" in told else "token"
        argument = self._argument(by, told[by])
        size = [self._argument("size", told["size"])] if "size" in told else []
        items, item = self._items(told.get("items"))
        said = {"total": "total", "more": "more", "next": "token"}
        parts = [("items", items), *((said[key], self._value(key, told[key])) for key in said if key in told)]
        arguments = tuple(one for one in self.page.arguments if one is not argument)
        taken = {one.name for one in self.page.arguments}
        local = Imports(avoid=taken)
        paging = local.name("mantago_runtime.calls", "paging")
        described = [f"    {one.name}: {' '.join(one.docs.split())}" for one in arguments if one.docs]
        first = "IdentificationError before anything is called for, " if self.page.rule else ""
        return Iteration(
            method=evolve(
                self.page,
                name=name,
                arguments=arguments,
                locals=(*self.page.locals, *local.lines()),
                docstring=docstring(
                    f"Yield what `{self.page.name}()` lists, from all pages.",
                    f"A page is called for when its first item is asked for. {_SEES[by]}"
                    + "".join(f" `{one.name}` is how many items a page has." for one in size),
                    ["Args:", *described] if described else "",
                    f"`timeout` is in seconds and holds for each page, as retries do. Raises {first}"
                    "APIConnectionError, APIStatusError, InvalidResponseError; what was yielded before remains good. "
                    f"Spec: {self.endpoint.method} {self.endpoint.path}.",
                    indent=8,
                ),
            ),
            item=annotation(item, imports, self.classes),
            argument=argument.name,
            kind="int" if by == "page" else "str | None",
            first=f"ByNumber({self._first(told, argument)})" if by == "page" else "ByToken()",
            paging=paging,
            fetch=free("fetch", taken),
            answer=free("answer", taken),
            page=tuple(parts),
        )

    def _refused(self, problem: str, remedy: str) -> Refused:
        return Refused(
            f"{pointer(self.endpoint.place)}/x-mantago-paging: {problem}: {remedy}, in facade/names.overlay.yaml"
        )

    def _declared(self) -> Mapping[str, Any]:
        told = self.endpoint.paging
        if not isinstance(told, dict):
            raise self._refused("it isn't an object", f"say some of {', '.join(_KEYS)}")
        if unknown := sorted(map(str, told.keys() - {*_KEYS})):
            raise self._refused(f"says {unknown[0]!r}, which means nothing", f"say some of {', '.join(_KEYS)}")
        if ("page" in told) == ("token" in told):
            raise self._refused(
                "must say either page or token", "name the parameter that is the page's number, or the one for a token"
            )
        if ("token" in told) != ("next" in told):
            raise self._refused(
                "token and next belong together", "name the parameter, and where the answer has its value for the next"
            )
        return told

    def _argument(self, key: str, wanted: Any) -> Argument:
        arguments = self.page.arguments
        found = [one for one in arguments if one.name == wanted] or [one for one in arguments if one.key == wanted]
        if len(found) != 1:
            raise self._refused(
                f"{key} is {wanted!r}, which is " + ("more than one parameter" if found else "no parameter"),
                f"name one of {', '.join(one.name for one in arguments)}"
                if arguments
                else "there is none, so remove the declaration",
            )
        [one] = found
        kinds = [TEXT] if key == "token" else [INTEGER, NUMBER]
        if one.source is None or _plain(one.source.type) not in kinds:
            what = "a text" if key == "token" else "a number"
            raise self._refused(f"{key} is {wanted!r}, which isn't {what}", "name the right parameter")
        if key == "token" and one.default != "None":
            raise self._refused(
                f"token is {wanted!r}, which can't be left out, so that nothing asks for the first page",
                "make the parameter an optional one by an action of the errata, or remove the declaration",
            )
        return one

    def _first(self, told: Mapping[str, Any], argument: Argument) -> int:
        default = argument.source and argument.source.default
        first = told.get("first", default if type(default) is int else 1)
        if type(first) is not int:
            raise self._refused(f"first is {first!r}", "say the number of the first page")
        return first

    def _items(self, path: Any) -> tuple[str, Type]:
        code, kind, optional = self._at("items", path) if path is not None else ("{}", result_of(self.endpoint), False)
        kind = _plain(kind)
        if not isinstance(kind, ListOf):
            what = f"{path!r} is" if path is not None else "the answer is"
            raise self._refused(f"items: {what} no array", "say where the array is in the answer, as in data.items")
        if not optional:
            return code, kind.item
        return (f"({code}) or ()" if " if " in code else f"{code} or ()"), kind.item

    def _value(self, key: str, path: Any) -> str:
        kinds, what = _SAID[key]
        code, kind, _ = self._at(key, path)
        if _plain(kind) not in kinds:
            raise self._refused(f"{key}: {path!r} is no {what}", "say where the answer has it, as in page.total")
        return code

    def _at(self, key: str, path: Any) -> tuple[str, Type, bool]:
        """Return the expression of a place in an answer, `{}`, with its type, and whether it may be None."""
        code, kind, optional = "{}", result_of(self.endpoint), False
        guards = []
        for part in path.split(".") if isinstance(path, str) else [path]:
            found = self._field(_plain(kind), part)
            if found is None:
                raise self._refused(
                    f"{key} is {path!r}, and the answer has no {part!r} there", "say the way to it, as in page.total"
                )
            if optional:
                guards.append(f"{code} is not None")
            one, kind = found
            code, optional = f"{code}.{one.name}", one.annotation.endswith("| None")
        if guards:
            return f"{code} if {' and '.join(guards)} else None", kind, True
        return code, kind, optional

    def _field(self, kind: Type, name: str) -> tuple[Field, Type] | None:
        """Return the field of a class that reads a property, and its type; the envelope of an answer has no fields."""
        if not isinstance(kind, Named) or kind.place not in self.classes.shapes:
            return None
        shape = self.classes.shapes[self.classes.of(kind.place)]
        python = field_names(shape, self.classes.where[shape.place].name).get(name)
        fields = [one for one in model(shape, self.classes, self.used).fields if one.name == python]
        types = [one.type for one in shape.properties if one.name == name]
        return (fields[0], types[0]) if fields else None


def _plain(kind: Type) -> Type:
    return kind.inner if isinstance(kind, Nullable) else kind
