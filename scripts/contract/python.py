"""Code that teams who import the packages can no longer write, as griffe finds it, with file and line."""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import griffe

from griffe_friendly import Friendly

from .changes import Change, change
from .documents import Document
from .packages import FOLDERS, PACKAGES, packages
from .rules import BOTH, BREAKING, INFO, WARNING, Level, Rule, register

_BREAKAGE_LEVELS: dict[griffe.BreakageKind, tuple[Level, str]] = {
    griffe.BreakageKind.PARAMETER_MOVED: (BREAKING, "calls that give it by position give something else"),
    griffe.BreakageKind.PARAMETER_REMOVED: (BREAKING, "calls that give it raise TypeError"),
    griffe.BreakageKind.PARAMETER_CHANGED_KIND: (BREAKING, "calls that give it the other way raise TypeError"),
    griffe.BreakageKind.PARAMETER_CHANGED_DEFAULT: (WARNING, "calls without it mean something else"),
    griffe.BreakageKind.PARAMETER_CHANGED_REQUIRED: (BREAKING, "calls without it raise TypeError"),
    griffe.BreakageKind.PARAMETER_ADDED_REQUIRED: (BREAKING, "calls without it raise TypeError"),
    griffe.BreakageKind.RETURN_CHANGED_TYPE: (WARNING, "type checkers may refuse what is done with it"),
    griffe.BreakageKind.OBJECT_REMOVED: (BREAKING, "importing or using it fails"),
    griffe.BreakageKind.OBJECT_CHANGED_KIND: (BREAKING, "it can't be used as before"),
    griffe.BreakageKind.ATTRIBUTE_CHANGED_TYPE: (WARNING, "type checkers may refuse what is done with it"),
    griffe.BreakageKind.CLASS_REMOVED_BASE: (BREAKING, "isinstance and except clauses no longer match"),
    griffe.BreakageKind.ATTRIBUTE_CHANGED_VALUE: (INFO, "programs that compare it with a literal notice"),
}

PACKAGE_NAMES = tuple(path.rpartition("/")[2] for path in PACKAGES)
_PUBLIC = {"mantago.sandbox", "mantago.testing"}
# One method belongs to both clients, and to the generated classes from which these inherit it.
_CLIENT_METHOD = re.compile(
    r"(?:mantago\.client|mantago_generated\.(?:async_)?operations)\.(?P<holder>\w*(?:MantaGo|Operations))\.(?P<name>\w+)"
)
_MODEL = "python-model-field-required"
# griffe knows these kinds, but notices a lost base only if there are fewer of them, and changed types hardly ever.
_OURS = {
    griffe.BreakageKind.CLASS_REMOVED_BASE,
    griffe.BreakageKind.ATTRIBUTE_CHANGED_TYPE,
    griffe.BreakageKind.RETURN_CHANGED_TYPE,
}


def _id(kind: griffe.BreakageKind) -> str:
    return "python-" + kind.name.lower().replace("_", "-")


register(
    Rule(_id(kind), level, BOTH, f"{kind.value[0].lower()}{kind.value[1:]}{{what}}, {{where}}", reason)
    for kind, (level, reason) in _BREAKAGE_LEVELS.items()
)
register(
    [
        Rule(
            _MODEL,
            *(WARNING, BOTH, "the generated model can't be built without it{what}, {where}"),
            "the rules for the document judge requests; tests that build an answer must follow",
        )
    ]
)


def compare(old: Document, new: Document) -> Iterator[Change]:
    """Yield the changes in the packages that belong to two documents; nothing if one of them is just a file."""
    with packages(old) as before, packages(new) as after:
        if before is None or after is None or before == after:
            return
        found = list(_compare(before, after))
    yield from found


def _compare(before: Path, after: Path) -> Iterator[Change]:
    olds, news = load(before), load(after)
    breakages = [found for name in PACKAGE_NAMES for found in _breakages(olds[name], news[name])]
    breakages.sort(key=lambda found: "Async" in found.obj.path)
    gone = {found.obj.target_path.rpartition(".")[0] for found in breakages if found.obj.is_alias}
    kept: dict[tuple[object, ...], tuple[Any, list[str]]] = {}
    for found in breakages:
        # A model is imported from `models`, so that its module needn't be told as well.
        if not (found.obj.is_module and found.obj.path in gone):
            shared, name = _shared(found.obj.path)
            kept.setdefault((found.kind, shared, _what(found)), (found, []))[1].append(name)
    for found, names in kept.values():
        path = found.obj.path
        places = _place(before, olds["mantago"], path), _place(after, news["mantago"], path)
        more = list(dict.fromkeys(name for name in names if name != names[0]))
        where = (places[1] or places[0] or path).replace("#L", ":")
        rule = _MODEL if _builds_a_model(found) else _id(found.kind)
        shown = f"{path} (and {', '.join(more)})" if more else path
        yield change(rule, "", shown, *places, what=_what(found), where=where)


def _shared(path: str) -> tuple[str, str]:
    """Return what the names of one thing have in common, and the part that is this name's own."""
    owner, _, name = path.rpartition(".")
    if name.removesuffix("_detailed") in {"request", "sync", "asyncio"}:
        # The functions of an operation have the same parameters.
        return owner, name
    if found := _CLIENT_METHOD.fullmatch(path):
        return f"method {found['name']}", found["holder"]
    return path, name


def _breakages(old: Any, new: Any) -> list[Any]:
    breakages: list[Any] = [
        found
        for found in griffe.find_breaking_changes(old, new)
        # Removing __init_subclass__ breaks no class that derives from the one that had it.
        if found.kind not in _OURS and found.obj.name != "__init_subclass__"
    ]
    breakages += [breakage for pair in _pairs(old, new, set()) for breakage in _further(*pair)]
    return breakages


def _pairs(old: Any, new: Any, seen: set[str]) -> Iterator[tuple[Any, Any]]:
    """Yield the public objects that both packages have, each once, however often they are imported."""
    for name, member in old.members.items():
        with contextlib.suppress(griffe.AliasResolutionError, KeyError):
            was, now = (one.final_target if one.is_alias else one for one in (member, new.members[name]))
            if member.is_public and was.path not in seen and was.kind is now.kind:
                seen.add(was.path)
                yield was, now
                if was.is_module or was.is_class:
                    yield from _pairs(was, now, seen)


def _further(was: Any, now: Any) -> Iterator[griffe.Breakage]:
    if was.is_class and (lost := _ancestors(was) - _ancestors(now)):
        yield griffe.ClassRemovedBaseBreakage(now, ", ".join(sorted(lost)), None)
    elif was.is_attribute and _differ(was.annotation, now.annotation):
        yield griffe.AttributeChangedTypeBreakage(now, was.annotation, now.annotation)
    elif was.is_function and _differ(was.returns, now.returns):
        yield griffe.ReturnChangedTypeBreakage(now, was.returns, now.returns)


def _differ(old: Any, new: Any) -> bool:
    return None not in (old, new) and str(old) != str(new)


def _ancestors(place: Any) -> set[str]:
    """Return the names of all classes that a class derives from, without their modules."""
    names = {str(base).partition("[")[0].rpartition(".")[2] for base in place.bases}
    names = {name for name in names if not name.startswith("_")} - {"Generic"}
    return names.union(*(_ancestors(base) for base in place.resolved_bases))


def _builds_a_model(found: griffe.Breakage) -> bool:
    required = {griffe.BreakageKind.PARAMETER_ADDED_REQUIRED, griffe.BreakageKind.PARAMETER_CHANGED_REQUIRED}
    path = found.obj.path
    return found.kind in required and path.startswith("mantago_generated.models.") and path.endswith(".__init__")


def load(root: Path) -> dict[str, Any]:
    """Return the packages, read from their source without importing anything."""
    extensions = griffe.Extensions(Friendly())
    folders = [root / folder for folder in FOLDERS]
    loader = griffe.GriffeLoader(search_paths=folders, allow_inspection=False, extensions=extensions)
    # All of them are loaded, since the clients inherit generated methods. Version 0.1 had no runtime package.
    for package in (*PACKAGE_NAMES, "mantago_runtime"):
        with contextlib.suppress(ModuleNotFoundError):
            _add_constructors(loader.load(package))
    loaded: dict[str, Any] = {name: loader.modules_collection[name] for name in PACKAGE_NAMES}
    _add_friendly(loader, loaded["mantago"])
    _hide_modules(loaded["mantago"])
    return loaded


def _add_friendly(loader: griffe.GriffeLoader, package: Any) -> None:
    """Add the classes that the facade takes over by name."""
    with contextlib.suppress(KeyError):  # version 0.1 had none
        friendly: Any = loader.modules_collection["mantago_generated.friendly"]
        loader.expand_wildcards(package)
        package.exports = [*package.exports, *friendly.exports]


def _hide_modules(package: Any) -> None:
    """Mark as private the modules from which nobody should import, although their names have no underscore."""
    for module in package.modules.values():
        module.public = module.path in _PUBLIC
        if not module.is_alias:  # a module may import the package that holds it
            _hide_modules(module)


def _add_constructors(place: Any) -> None:
    """Add the __init__ that attrs makes, since teams call it."""
    for member in list(place.members.values()):
        if member.is_alias:
            continue
        if member.is_module:
            _add_constructors(member)
        elif member.is_class and "__init__" not in member.members and _is_attrs(member):
            member.set_member("__init__", _constructor(member))


def _is_attrs(place: Any) -> bool:
    return any(re.match(r"@?(?:_attrs_define|define|frozen)\b", str(one.value)) for one in place.decorators)


def _constructor(place: Any) -> griffe.Function:
    parameters = [griffe.Parameter("self", kind=griffe.ParameterKind.positional_or_keyword)]
    for name, member in place.members.items():
        value = str(member.value or "") if member.is_attribute else ""
        if not member.is_attribute or "property" in member.labels or "init=False" in value:
            continue
        said = f"{value}{place.decorators[0].value}"
        # Nobody makes the generated client by position, nor, before 0.2, a model.
        named = place.path.startswith("mantago_generated.client.") or re.search("kw_only=True|_attrs_define", said)
        kind = griffe.ParameterKind.keyword_only if named else griffe.ParameterKind.positional_or_keyword
        default = _default(value) if value else None
        parameters.append(griffe.Parameter(name.lstrip("_"), annotation=member.annotation, kind=kind, default=default))
    made = griffe.Parameters(*parameters)
    return griffe.Function("__init__", lineno=place.lineno, endlineno=place.endlineno, parameters=made)


def _default(value: str) -> str | None:
    """Return the default of an attribute; None if it has to be given."""
    node = ast.parse(value, mode="eval").body
    if isinstance(node, ast.Call) and ast.unparse(node.func) in {"field", "_attrs_field"}:
        said = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
        return said.get("default", said.get("factory"))
    return value


def _what(found: griffe.Breakage) -> str:
    """Return the old and the new value of a finding, as far as griffe tells them."""
    values = [found.old_value, found.new_value]
    if found.kind is griffe.BreakageKind.OBJECT_REMOVED:
        return ""
    if found.kind is griffe.BreakageKind.CLASS_REMOVED_BASE:
        return f": {found.old_value}"
    if found.kind.name.startswith("PARAMETER"):
        said = next(value for value in values if isinstance(value, griffe.Parameter))
        return f": {said.name}"
    return f": {' -> '.join(str(value) for value in values)}"


def _place(root: Path, package: Any, path: str) -> str | None:
    """Return the file and the line of a name as file#L12, None if it isn't there."""
    name, *parts = path.split(".")
    place = package.modules_collection.members.get(name)
    for part in parts:
        members = place.all_members if place is not None else {}
        if part not in members:
            return None
        place = members[part]
    if place.is_alias and place.inherited:
        place = place.final_target
    holder, line = (place.parent, place.alias_lineno) if place.is_alias else (place, place.lineno)
    return f"{holder.filepath.relative_to(root).as_posix()}#L{line or 1}"
