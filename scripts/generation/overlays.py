"""OpenAPI Overlays, version 1.0: changes of a document before it is read, each refused when its cause is gone."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import jsonpath
import yaml
from jsonpath import JSONPathError

from vendoring.parsing import YAML_LOADER
from vendoring.vendored import ScriptError


def read_yaml(path: Path) -> Any:
    """Return the content of a YAML file; ScriptError if it can't be read."""
    try:
        return load_yaml(path.read_text("utf-8"))
    except OSError as error:
        raise ScriptError(f"{path}: {error.strerror}: bring it back with git") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ScriptError(f"{path}: is no YAML: {' '.join(str(error).split())}") from None


def load_yaml(text: str) -> Any:
    """Return the content of a YAML text, read by libyaml where there is one, in a seventh of the time."""
    # S506: the loader is a safe one.
    return yaml.load(text, YAML_LOADER)  # noqa: S506


def apply_overlay(spec: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    """Return the spec with the actions of an OpenAPI Overlay 1.0 document applied.

    Raises ScriptError for an action without a reason or without effect: errata must not outlive their cause.
    """
    result = copy.deepcopy(dict(spec))
    for number, action in enumerate(actions_of(overlay), 1):
        where = f"action {number} of the overlay ({action['target']})"
        if not action.get("description"):
            raise ScriptError(f"{where} has no description: say why it is needed")
        try:
            nodes = list(jsonpath.finditer(action["target"], result))
        except JSONPathError as error:
            raise ScriptError(f"{where} has a target that is no JSONPath: {error}") from None
        if not nodes:
            raise ScriptError(
                f"{where} matches nothing in the spec: the vendor may have mended it, so remove the action, "
                "or the place was renamed, so correct its target"
            )
        if not (action.get("remove") or "update" in action):
            raise ScriptError(f"{where} neither updates nor removes anything")
        before = [copy.deepcopy(node.obj) for node in nodes]
        # Backwards, so that removing an element of a list doesn't move the ones still to be removed.
        for node in reversed(nodes):
            if action.get("remove"):
                if node.parent is None:
                    raise ScriptError(f"{where} would remove the whole document")
                parent: Any = node.parent.obj
                del parent[node.parts[-1]]
            else:
                merge(node.obj, action["update"], where)
        if not action.get("remove") and before == [node.obj for node in nodes]:
            raise ScriptError(f"{where} changes nothing: the vendor has mended it, so remove the action")
    return result


def mended(spec: Mapping[str, Any], overlay: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the spec with those actions applied that fit it, since one page needn't have the places of all."""
    for action in actions_of(overlay):
        with suppress(ScriptError):
            spec = apply_overlay(spec, {"overlay": overlay["overlay"], "actions": [action]})
    return spec


def actions_of(overlay: object) -> list[dict[str, Any]]:
    """Return the actions of an overlay document; ScriptError if it is none of version 1.0."""
    if not isinstance(overlay, dict) or not str(overlay.get("overlay")).startswith("1.0"):
        raise ScriptError("the overlay is no OpenAPI Overlay document of version 1.0 (`overlay: 1.0.0`)")
    actions = overlay.get("actions")
    if not isinstance(actions, list):
        raise ScriptError("the overlay has no list of actions")
    for number, action in enumerate(actions, 1):
        if not isinstance(action, dict) or not isinstance(action.get("target"), str):
            raise ScriptError(f"action {number} of the overlay has no target")
    return actions


def merge(target: object, update: object, where: str) -> None:
    """Merge as Overlay 1.0 says: objects recursively, a list by appending, anything else by replacing."""
    if isinstance(target, list):
        target.append(copy.deepcopy(update))
        return
    if not (isinstance(target, dict) and isinstance(update, dict)):
        raise ScriptError(f"{where} updates a {type(target).__name__} with a {type(update).__name__}")
    for key, value in update.items():
        old = target.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            merge(old, value, where)
        elif isinstance(old, list) and isinstance(value, list):
            old.extend(copy.deepcopy(value))
        else:
            target[key] = copy.deepcopy(value)
