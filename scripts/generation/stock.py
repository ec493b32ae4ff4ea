"""The only parts of openapi-python-client that we use, since patches may change them: names, and one template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import distribution, version
from pathlib import Path
from typing import Any

from openapi_python_client.config import ConfigFile
from openapi_python_client.strings import pascal_case, snake_case

from vendoring.vendored import ScriptError

__all__ = ["client_context", "edit_templates", "installed", "pascal_case", "snake_case", "templates"]


def installed() -> str:
    """Return the version of the generator that is installed."""
    return version("openapi-python-client")


def templates(edits: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the generator's templates that the edits name, edited."""
    folder = Path(str(distribution("openapi-python-client").locate_file("openapi_python_client/templates")))
    return edit_templates({edit["template"]: (folder / edit["template"]).read_text("utf-8") for edit in edits}, edits)


def edit_templates(templates: Mapping[str, str], edits: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the templates that the edits change; see generated/template-edits.yaml for their form."""
    edited: dict[str, str] = {}
    for edit in edits:
        name, times = edit["template"], edit.get("times", 1)
        text = edited.get(name, templates[name])
        found = text.count(edit["find"])
        if found != times:
            raise ScriptError(
                f"template-edits.yaml: in {name} this stands {found} times, not {times}:\n{edit['find']}"
                f"The generator's template has changed; see whether the edit is still needed: {edit['reason']}"
            )
        edited[name] = text.replace(edit["find"], edit["replace"])
    return edited


def client_context() -> dict[str, Any]:
    """Return the context of the template of client.py."""
    return {"config": ConfigFile()}
