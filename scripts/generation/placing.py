"""The names and modules of classes and operations, after their places or as the overlay says."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from attrs import evolve, field, frozen

from generation.code import classes_in
from generation.ir import JSON, ClassName, Endpoint, Enumeration, Place, Shape, Type
from generation.names import class_name, cut, free, identifier, is_public_name, module_name
from generation.schemas import Schemas
from generation.stock import snake_case
from vendoring.fragments import pointer
from vendoring.vendored import ScriptError

LONGEST_SUMMARY = 60


def vendor_name(place: Place, starts: Mapping[Place, str]) -> str:
    """Return the vendor's name of a schema: its own, or the name of what holds it followed by the part's."""
    length = max(length for length in range(len(place) + 1) if place[:length] in starts)
    name, rest = starts[place[:length]], [*place[length:]]
    while rest:
        match rest:
            case ["properties", part, *rest]:
                name += f"_{part}"
            case ["items", *rest]:
                name += "_item"
            case ["additionalProperties", *rest]:
                name += "_additional_property"
            case ["oneOf" | "anyOf", index, *rest]:
                name += f"_type_{index}"
            case ["allOf" | "content", _, *rest]:
                pass
            case _:
                rest = rest[1:]  # "schema", which says no more than "content" did
    return name


@frozen
class Shared:
    """Schemas that the overlay pins to one class: those that share it, those that no longer can, and lines on them."""

    same: dict[Place, Place] = field(factory=dict)
    alone: dict[Place, Place] = field(factory=dict)
    apart: list[str] = field(factory=list)


def place_classes(
    found: Schemas, names: Mapping[Place, str], reserved: Collection[str]
) -> tuple[dict[Place, ClassName], Shared]:
    """Return the place of each class, and the schemas that share one; a shared enumeration has the values of all."""
    kinds: dict[Place, Shape | Enumeration] = {**found.shapes, **found.enums}
    for place, kind in kinds.items():
        name = str(kind.hints.get("class", "A"))
        if not name.isidentifier() or class_name(name) != name:
            raise ScriptError(f"{pointer(place)}: x-mantago-class is {name!r}, which is no name for a class")
    shared = _shared(found, kinds)
    own = [place for place in kinds if place not in shared.same]
    called = {
        place: str(kinds[place].hints["class"])
        for place in own
        if "class" in kinds[place].hints and place not in shared.alone
    }
    vendors = {place: class_name(names[place]) for place in kinds}
    # Named schemas come first, then those named after their places, each by name: their order in the document is no
    # reason to rename them.
    order = sorted(kinds, key=lambda place: (len(place) != 3, vendors[place], pointer(place)))
    taken = {*called.values()}
    for place in order:
        if place in own and place not in called:
            name = vendors[place]
            called[place] = free(f"{name}Model" if name in reserved else name, taken)
            taken.add(called[place])
    modules: dict[Place, str] = {}
    used = {*called.values()}
    for place in order:
        modules[place] = free(module_name(vendors[place], "model"), used)
        used.add(modules[place])
    where = {
        place: ClassName(
            modules[place],
            called[shared.same.get(place, place)],
            names[place] if place[:2] == ("components", "schemas") and len(place) == len(place[:3]) else vendors[place],
        )
        for place in kinds
    }
    shared.apart.extend(
        f"{pointer(place)} is pinned as {where[other].name}, but isn't like {pointer(other)}: "
        f"it is called {where[place].name} until names.overlay.yaml says how"
        for place, other in shared.alone.items()
    )
    return where, shared


def _shared(found: Schemas, kinds: Mapping[Place, Shape | Enumeration]) -> Shared:
    """Return the schemas that share a pinned class; those that grew apart from the first get classes of their own."""
    shared, first = Shared(), dict[str, Place]()
    for place, kind in kinds.items():
        if (name := kind.hints.get("class")) is None:
            continue
        one = first.setdefault(name, place)
        if one == place:
            continue
        if _meaning(place, kinds) == _meaning(one, kinds):
            shared.same[place] = one
        elif isinstance(kind, Enumeration) and (known := found.enums.get(one)) and _are_alike(kind, known):
            shared.same[place] = one
            shared.apart.append(
                f"{pointer(place)} and {pointer(one)} are pinned as {name}, but list other values: it has all of them"
            )
            members = {**kind.hints.get("members", {}), **known.hints.get("members", {})}
            values = tuple(dict.fromkeys([*known.values, *kind.values]))
            found.enums[one] = evolve(known, values=values, hints={**known.hints, "members": members})
        else:
            shared.alone[place] = one
    return shared


def _are_alike(one: Enumeration, other: Enumeration) -> bool:
    return type(one.values[0]) is type(other.values[0])


def _meaning(place: Place, kinds: Mapping[Place, Shape | Enumeration], above: tuple[Place, ...] = ()) -> str:
    """Return a text that is the same for classes that mean the same, wherever their parts stand."""
    kind = kinds[place]
    if isinstance(kind, Enumeration):
        return repr(sorted(kind.values, key=repr))
    above = (*above, place)

    def of(found: Type | None) -> str:
        text = repr(found)
        for inner in classes_in(found):
            told = f"<{above.index(inner)}>" if inner in above else _meaning(inner, kinds, above)
            text = text.replace(repr(inner), told)
        return text

    flat = [repr(evolve(one, place=(), description="", type=JSON)) + of(one.type) for one in kind.properties]
    return repr([*sorted(flat), of(kind.additional)])


def api_names(operations: Mapping[Place, tuple[str, str, str | None]]) -> dict[Place, tuple[str, str]]:
    """Return each operation's folder, after its tag, and module, after its operationId or its method and path."""
    result: dict[Place, tuple[str, str]] = {}
    used: dict[str, set[str]] = {}
    folders: dict[str, str] = {}
    for tag in sorted({tag for tag, _, _ in operations.values()}):
        folders[tag] = free(module_name(tag, "tag"), {*folders.values()})
    for place in sorted(operations, key=pointer):
        tag, generic, operation_id = operations[place]
        folder = folders[tag]
        name = free(module_name(operation_id or generic, "operation"), used.setdefault(folder, set()))
        used[folder].add(name)
        result[place] = (folder, name)
    return result


def generic_name(method: str, path: str) -> str:
    """Return the name of an operation after its method and path, as the generator has it."""
    return identifier(f"{method}_" + path.replace("{", "").replace("}", "").replace("/", "_"), "operation")


def friendly_names(endpoints: Collection[Endpoint], attributes: Collection[str]) -> dict[Place, str]:
    """Return the names of the methods: as pinned, else after the summary, else after method and path."""
    result: dict[Place, str] = {}
    for one in sorted(endpoints, key=lambda one: pointer(one.place)):
        if one.pinned and is_public_name(one.pinned) and one.pinned not in {*attributes, *result.values()}:
            result[one.place] = one.pinned
        elif one.by_hand:
            raise ScriptError(
                f"{pointer(one.place)}/operationId: {one.pinned!r} can't be a method's name, or is that of another: "
                "say another one in names.overlay.yaml"
            )
    rest = [one for one in endpoints if one.place not in result]
    summaries = {one.place: after_summary(one.summary) for one in rest}
    wanted = [*summaries.values()]
    for one in sorted(rest, key=lambda one: pointer(one.place)):
        name = summaries[one.place]
        # Of two with one summary, both are named after their paths, so that their order decides nothing.
        if name is None or name in {*attributes, *result.values()} or wanted.count(name) > 1:
            name = cut(free(ascii_name(one), {*attributes, *result.values()}))
        result[one.place] = name
    return result


def after_summary(summary: str) -> str | None:
    """Return the name that a summary of English words gives."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9 ,.'()/&-]*", summary.strip()) or len(summary.strip()) > LONGEST_SUMMARY:
        return None
    name = "_".join(re.findall(r"[a-z0-9]+", snake_case(summary.replace("'", "").replace("/", " "))))
    return name if is_public_name(name) and identifier(name) == name else None


def ascii_name(endpoint: Endpoint) -> str:
    """Return a name after method and path."""
    return generic_name(endpoint.method.lower(), endpoint.path)
