"""Comparing two specs: the contract as a whole, and its operations one by one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator

from . import lifecycle, messages, parameters, webhooks
from .changes import Change, show
from .collector import Collector, Where
from .documents import Cursor, Document, canonical, escape, same
from .parameters import TEMPLATE, Side
from .rules import BOTH, BREAKING, INFO, WARNING, Rule, register
from .security import Guard

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
OPERATION_KEYWORDS = frozenset(
    {"tags", "operationId", "parameters", "requestBody", "responses", "callbacks", "deprecated", "security", "servers"}
)
_ONLY_NAMES = "nothing changes on the wire, but generated code has other names"
register(
    [
        Rule("endpoint-added", INFO, BOTH, "the operation was added", "no client has to call it"),
        Rule("api-moved", BREAKING, BOTH, "the operation moved to {new}", "calls to the old address fail"),
        Rule("api-operation-id-changed", WARNING, BOTH, "the operationId was {old} and is {new}", _ONLY_NAMES),
        Rule("api-tag-removed", WARNING, BOTH, "the tag {old} was removed", _ONLY_NAMES),
        Rule("api-tag-added", INFO, BOTH, "the tag {new} was added", "the operation still has its other tags"),
        Rule(
            "api-callbacks-changed",
            *(WARNING, BOTH, "the callbacks changed"),
            "callbacks aren't judged here, so that clients that are called back must look at them",
        ),
        Rule(
            "api-server-removed",
            *(WARNING, BOTH, "the server {old} was removed"),
            "clients that have the address built in must be told",
        ),
        Rule(
            "api-server-rewritten",
            *(INFO, BOTH, "the server {old} was removed, and the paths have what its address said"),
            "the address of every operation is the same",
        ),
        Rule("api-server-added", INFO, BOTH, "the server {new} was added", "clients keep to the one they have"),
        *(
            Rule(f"unused-{noun}-{what}", INFO, BOTH, f"a {noun} that nothing uses was {what}", "no operation uses it")
            for noun in ("schema", "component")
            for what in ("added", "changed", "removed")
        ),
        Rule("api-version-changed", INFO, BOTH, "the version was {old} and is {new}", "a version is only a name"),
        Rule(
            "openapi-version-changed",
            INFO,
            BOTH,
            "OpenAPI's version was {old} and is {new}",
            "only the contents of the document are judged",
        ),
        Rule("api-info-changed", INFO, BOTH, "the information on the document changed", "only text changed"),
        Rule("api-tags-described", INFO, BOTH, "the descriptions of the tags changed", "only text changed"),
    ]
)

OperationPair = tuple[Where, Side, Side]


def compare(old: Document, new: Document, today: dt.date | None = None) -> tuple[Change, ...]:
    """Return all changes between two specs, in order; today decides whether a sunset date is past."""
    collector = Collector(old, new, today or dt.datetime.now(dt.UTC).date())
    _whole(collector)
    guard = Guard.of(old, new)
    asked: set[str] = set()
    for where, before, after in _operations(collector):
        _operation(collector, where, before, after)
        guard.requirements(collector, where, before.operation, after.operation)
        asked |= guard.old.used(before.operation)
    guard.schemes(collector, asked)
    webhooks.compare(collector)
    return collector.finish()


def _whole(collector: Collector) -> None:
    old, new = collector.old.root, collector.new.root
    top = Where()
    for rule, before, after in (
        ("openapi-version-changed", old.raw("openapi"), new.raw("openapi")),
        ("api-version-changed", old.get("info").raw("version"), new.get("info").raw("version")),
    ):
        if not same(before.value, after.value):
            values = {"old": show(before.value), "new": show(after.value)}
            collector.add(rule, top.below("info" if "api" in rule[:4] else "openapi"), before, after, **values)
    info_old, info_new = old.get("info"), new.get("info")
    collector.texts(top.below("info"), info_old, info_new)
    for keyword in ("contact", "license"):
        if not same(info_old.raw(keyword).value, info_new.raw(keyword).value):
            collector.add(
                "api-info-changed", top.below(f"info {keyword}"), info_old.raw(keyword), info_new.raw(keyword)
            )
    collector.rest(top.below("info"), info_old, info_new, {"version", "contact", "license"})
    collector.texts(top, old, new)
    judged = {"openapi", "info", "servers", "paths", "components", "security", "tags", "webhooks"}
    collector.rest(top, old, new, judged)
    tags = [sorted(canonical(tag.value) for tag in side.get("tags").elements()) for side in (old, new)]
    if tags[0] != tags[1]:
        collector.add("api-tags-described", top.below("tags"), old.raw("tags"), new.raw("tags"))
    sides = [_sides(document).items() for document in (collector.old, collector.new)]
    had, has = (
        {(key[0], address): url for key, side in found for address, url in side.addresses.items()} for found in sides
    )
    reached = set(had.values()) - {url for key, url in had.items() if key not in has}
    _servers(collector, top, old.raw("servers"), new.raw("servers"), reached=reached)
    _unused(collector)


def _urls(servers: Cursor) -> dict[str, Cursor]:
    found = {}
    for server in servers.elements():
        url = server.raw("url").text
        if url is not None:
            values = {name: place.raw("default").value for name, place in server.get("variables").children()}
            filled = "".join(
                str(values.get(part) or f"{{{part}}}") if odd % 2 else part
                for odd, part in enumerate(TEMPLATE.split(url))
            )
            found[filled.rstrip("/")] = server
    return found


def _servers(collector: Collector, where: Where, old: Cursor, new: Cursor, *, reached: Collection[str]) -> None:
    """Judge the servers; operations behind those in `reached` have the same addresses, since the paths say the rest."""
    before, after = _urls(old), _urls(new)
    where = where.below("servers")
    for url in sorted(before.keys() | after.keys()):
        if url not in after:
            rule = "api-server-rewritten" if url in reached else "api-server-removed"
            collector.add(rule, where, before[url], None, old=url or "/")
        elif url not in before:
            collector.add("api-server-added", where, None, after[url], new=url or "/")
        else:
            collector.texts(where, before[url], after[url])
            collector.rest(where, before[url], after[url], {"url", "variables"})
            variables = before[url].get("variables"), after[url].get("variables")
            for name in sorted(variables[0].mapping.keys() & variables[1].mapping.keys()):
                here, (one, two) = where.below(f"variable {name}"), (place.get(name) for place in variables)
                collector.texts(here, one, two)
                collector.rest(here, one, two, {"default"})


def _references(value: object) -> Iterator[str]:
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            waiting += found.values()
            if isinstance(found.get("$ref"), str):
                yield found["$ref"]
            # The mapping of a discriminator refers to schemas.
            if "propertyName" in found and isinstance(found.get("mapping"), dict):
                said = [value for value in found["mapping"].values() if isinstance(value, str)]
                yield from (value if "/" in value else f"#/components/schemas/{escape(value)}" for value in said)
            ways = found["security"] if isinstance(found.get("security"), list) else []
            names = [name for way in ways if isinstance(way, dict) for name in way]
            yield from (f"#/components/securitySchemes/{escape(name)}" for name in names)
        elif isinstance(found, list):
            waiting += found


def _used(document: Document) -> set[str]:
    """Return the pointers of the components that are used, directly or through others."""
    apart = {id(heir.value): heir for heir in document.told_apart}
    tree = document.tree if isinstance(document.tree, dict) else {}
    waiting = [*_references({key: value for key, value in tree.items() if key != "components"})]
    found: set[str] = set()
    followed = set(waiting)
    while waiting:
        place = document.root.follow(waiting.pop())
        parts = place.pointer.split("/")
        if not place.file and parts[1:2] == ["components"]:
            found.add("/".join(parts[:4]))
        heirs = [heir.pointer for heir in document.heirs.get(id(place.value), ()) if id(heir.value) in apart]
        fresh = {*_references(place.value), *(f"#{pointer}" for pointer in heirs)} - followed
        followed |= fresh
        waiting += fresh
    return found


def _components(document: Document) -> dict[tuple[str, str], Cursor]:
    sections = document.root.get("components").children()
    return {
        (section, name): place
        for section, places in sections
        if not section.startswith("x-")
        for name, place in places.children()
    }


def _unused(collector: Collector) -> None:
    """Keep the changes of components that no operation uses."""
    sides = [(_components(document), _used(document)) for document in (collector.old, collector.new)]
    (before, used_old), (after, used_new) = sides
    for section, name in sorted(before.keys() | after.keys()):
        old, new = before.get((section, name)), after.get((section, name))
        noun = "schema" if section == "schemas" else "component"
        where = Where("", f"schema {name}" if section == "schemas" else f"{section} {name}")
        if not new:
            what = "" if old and old.pointer in used_old else "removed"
        elif not old:
            what = "" if new.pointer in used_new else "added"
        else:
            met = old.pointer in used_old or new.pointer in used_new
            what = "" if met or collector.twins.same(old, new) else "changed"
        if what:
            collector.add(f"unused-{noun}-{what}", where, old, new)


# The method and the path.
Operation = tuple[str, str]


def _sides(document: Document) -> dict[Operation, Side]:
    found = {}
    for path, place in document.root.get("paths").children():
        item = place.described()
        for method in METHODS:
            operation = item.get(method)
            if operation and not path.startswith("x-"):
                servers = operation.raw("servers") or item.raw("servers") or document.root.raw("servers")
                addresses = {_shape(f"{url}{path}"): url for url in _urls(servers) or [""]}
                found[method, path] = Side(path, item, operation, addresses)
    return found


def _operations(collector: Collector) -> Iterator[OperationPair]:
    """Yield the operations that both documents have; keep those that were added, removed or moved as findings."""
    before, after = _sides(collector.old), _sides(collector.new)
    pairs = {key: key for key in before if key in after}
    rest = {
        (method, _shape(path)): (method, path)
        for method, path in sorted(after, reverse=True)
        if (method, path) not in pairs
    }
    for method, path in sorted(before):
        partner = rest.get((method, _shape(path)))
        if (method, path) not in pairs and partner:
            pairs[method, path] = partner
            del rest[method, _shape(path)]
    pairs |= _readdressed(
        {key: side for key, side in before.items() if key not in pairs},
        {key: side for key, side in after.items() if key not in pairs.values()},
    )
    for key, partner in sorted(pairs.items()):
        yield Where(_name(key), _name(key)), before[key], after[partner]
    added = {key: side for key, side in after.items() if key not in pairs.values()}
    ids = {_id(side): key for key, side in sorted(added.items()) if _id(side)}
    for key in sorted(before.keys() - pairs.keys()):
        where = Where(_name(key), _name(key))
        old = before[key].operation
        target = ids.get(_id(before[key]))
        if target and old.raw("deprecated").value is not True:
            collector.add("api-moved", where, old, added.pop(target, after[target]).operation, new=_name(target))
        else:
            lifecycle.removed(collector, where, old)
    for key, side in sorted(added.items()):
        collector.add("endpoint-added", Where(_name(key), _name(key)), None, side.operation)


def _readdressed(before: dict[Operation, Side], after: dict[Operation, Side]) -> dict[Operation, Operation]:
    """Return the operations with the same address, although it is divided differently into server and path."""
    found: dict[Operation, Operation] = {}
    left = {(key[0], address): key for key, side in sorted(after.items()) for address in side.addresses}
    for key, side in sorted(before.items()):
        partners = [left[key[0], address] for address in sorted(side.addresses) if (key[0], address) in left]
        if partners and partners[0] not in found.values():
            found[key] = partners[0]
    return found


def _shape(path: str) -> str:
    return TEMPLATE.sub("{}", path)


def _name(key: tuple[str, str]) -> str:
    return f"{key[0].upper()} {key[1]}"


def _id(side: Side) -> str | None:
    return side.operation.raw("operationId").text


def _operation(collector: Collector, where: Where, old: Side, new: Side) -> None:
    before, after = old.operation, new.operation
    collector.texts(where, before, after)
    lifecycle.stability(collector, where, before, after)
    lifecycle.deprecation("api", collector, where, before, after)
    if _id(old) != _id(new):
        places = before.raw("operationId") or before, after.raw("operationId") or after
        collector.add("api-operation-id-changed", where, *places, old=_id(old) or "none", new=_id(new) or "none")
    tags = [{show(tag.value) for tag in side.get("tags").elements()} for side in (before, after)]
    for tag in sorted(tags[0] - tags[1]):
        collector.add("api-tag-removed", where, before.raw("tags"), after.raw("tags") or after, old=tag)
    for tag in sorted(tags[1] - tags[0]):
        collector.add("api-tag-added", where, before.raw("tags") or before, after.raw("tags"), new=tag)
    servers = [side.operation.raw("servers") or side.item.raw("servers") for side in (old, new)]
    if any(servers):
        own = [
            place or document.root.raw("servers")
            for place, document in zip(servers, (collector.old, collector.new), strict=True)
        ]
        reached = {url for address, url in old.addresses.items() if address in new.addresses}
        _servers(collector, where, *own, reached=reached)
    collector.texts(where, old.item, new.item)
    collector.rest(where, old.item, new.item, {"$ref", "parameters", "servers", *METHODS})
    collector.rest(where, before, after, OPERATION_KEYWORDS)
    callbacks = before.raw("callbacks"), after.raw("callbacks")
    if not collector.twins.same(*callbacks) and any(side.mapping for side in callbacks):
        collector.add("api-callbacks-changed", where, *callbacks)
    parameters.compare(collector, where, old, new)
    messages.bodies(collector, where, before, after)
    messages.responses(collector, where, before, after)
