"""Rebuild generated/mantago_generated from the vendored spec and its errata, or check that it is up to date.

python scripts/regenerate.py            writes the package anew
python scripts/regenerate.py --check    writes nothing; exit status 1 and the list of files if any differs
"""

from __future__ import annotations

import argparse
import copy
import importlib.metadata
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonpath
import yaml
from jsonpath import JSONPathError

from _preparation import check_modules, prepare
from _validation import problems, some
from _vendored import ROOT, ScriptError, Vendored, canonical, read_lock, read_spec, run

GENERATED = ROOT / "generated"
PACKAGE = "mantago_generated"
HEADER = "# Written by scripts/regenerate.py from openapi/; a change made here by hand is lost.\n"
RUFF_OPTIONS = ("--isolated", "--no-cache", "--quiet", "--line-length=120", "--target-version=py311")


def apply_overlay(spec: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    """Return the spec as an OpenAPI Overlay 1.0 document says it is to be read.

    Raises ScriptError for an action without a reason or without effect: errata must not outlive their cause.
    """
    result = copy.deepcopy(dict(spec))
    for number, action in enumerate(actions_of(overlay), 1):
        where = f"action {number} of the overlay ({action['target']})"
        if not action.get("description"):
            raise ScriptError(f"{where} has no description: say why it is needed")
        before = copy.deepcopy(result)
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
        # Backwards, so that removing an element of a list doesn't move the ones still to be removed.
        for node in reversed(nodes):
            if action.get("remove"):
                if node.parent is None:
                    raise ScriptError(f"{where} would remove the whole document")
                parent: Any = node.parent.obj
                del parent[node.parts[-1]]
            else:
                merge(node.obj, action["update"], where)
        if result == before:
            raise ScriptError(f"{where} changes nothing: the vendor has mended it, so remove the action")
    return result


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


def read_yaml(path: Path) -> Any:
    """Return what a YAML file holds; ScriptError if it can't be read."""
    try:
        return yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise ScriptError(f"{path}: {error.strerror}: bring it back with git") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ScriptError(f"{path}: is no YAML: {' '.join(str(error).split())}") from None


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


def edit_templates(templates: Mapping[str, str], edits: list[Mapping[str, Any]]) -> dict[str, str]:
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


def spec_module(spec: Mapping[str, Any]) -> str:
    """Return the source of spec.py: what a client needs to know of the document itself."""
    return (
        '"""What the document that this package was generated from says of itself."""\n\n'
        f"VERSION = {spec['info']['version']!r}\n"
        f"SERVER_URL = {spec['servers'][0]['url']!r}\n"
        '\n__all__ = ("SERVER_URL", "VERSION")\n'
    )


def generate(vendored: Vendored, generated: Path, scratch: Path) -> dict[str, bytes]:
    """Run the generator in the scratch folder and return the package's files, by relative POSIX path."""
    lock = read_lock(vendored)
    installed = importlib.metadata.version("openapi-python-client")
    if installed != lock["generator"]["version"]:
        raise ScriptError(
            f"openapi-python-client {installed} is installed, but openapi/lock.toml asks for "
            f"{lock['generator']['version']}: install requirements/dev.txt, or, to move to the new generator, "
            "import the spec again"
        )
    spec = read_spec(vendored)
    if not spec.get("servers"):
        raise ScriptError(f"{vendored.spec}: names no server, so that no client would know where to call")
    overlaid = prepare(apply_overlay(spec, read_yaml(vendored.overlay)))
    if found := problems(overlaid):
        raise ScriptError(f"{vendored.overlay}: with it, the spec is no valid OpenAPI 3.0 document:" + some(found))
    (scratch / "spec.json").write_text(canonical(overlaid), "utf-8")

    stock = Path(str(importlib.metadata.distribution("openapi-python-client").locate_file("openapi_python_client")))
    edits = read_yaml(generated / "template-edits.yaml")
    templates = {edit["template"]: (stock / "templates" / edit["template"]).read_text("utf-8") for edit in edits}
    (scratch / "templates").mkdir()
    for name, text in edit_templates(templates, edits).items():
        (scratch / "templates" / name).write_text(text, "utf-8")

    package = scratch / PACKAGE
    command(
        [
            *("openapi_python_client", "generate", "--meta=none", "--fail-on-warning"),
            f"--path={scratch / 'spec.json'}",
            f"--config={generated / 'config.yaml'}",
            f"--custom-template-path={scratch / 'templates'}",
            f"--output-path={package}",
        ]
    )
    check_modules(spec, [path.name for path in package.glob("api/*/*.py") if path.name != "__init__.py"])
    (package / "py.typed").write_bytes(b"")
    (package / "spec.py").write_text(spec_module(spec), "utf-8")
    for module in package.rglob("*.py"):
        module.write_text(HEADER + module.read_text("utf-8"), "utf-8")
    # F401: the templates import what they may need; I: the order would otherwise depend on the template.
    command(["ruff", "check", *RUFF_OPTIONS, "--fix", "--select=I,F401", "--ignore-noqa", str(package)])
    command(["ruff", "format", *RUFF_OPTIONS, str(package)])
    # The sandbox serves the document as published; in here it is part of the wheel.
    shutil.copyfile(vendored.spec, package / "openapi.json")
    return read_package(package)


def command(arguments: list[str]) -> None:
    """Run a module of this Python; its output is shown only if it fails."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments], capture_output=True, text=True, encoding="utf-8", check=False
    )
    if done.returncode:
        raise ScriptError(f"{arguments[0]} failed with exit status {done.returncode}:\n{done.stdout}{done.stderr}")


def read_package(package: Path) -> dict[str, bytes]:
    """Return a package's files by relative POSIX path, with one form of line ends; compiled files don't count."""
    return {
        path.relative_to(package).as_posix(): path.read_bytes().replace(b"\r\n", b"\n")
        for path in sorted(package.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def replace_package(package: Path, files: Mapping[str, bytes]) -> None:
    """Put the files in place of the package: the old one stays whole until the new one is complete."""
    fresh = package.with_name(f".{package.name}.new")
    old = package.with_name(f".{package.name}.old")
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    for name, content in files.items():
        path = fresh / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    if package.exists():
        package.rename(old)
    fresh.rename(package)
    shutil.rmtree(old, ignore_errors=True)


def differences(wanted: Mapping[str, bytes], present: Mapping[str, bytes]) -> list[str]:
    """Return a line for each file that is missing, superfluous or different."""
    lines = []
    for name in sorted(wanted.keys() | present.keys()):
        if name not in present:
            lines.append(f"missing: {name}")
        elif name not in wanted:
            lines.append(f"not generated: {name}")
        elif wanted[name] != present[name]:
            lines.append(f"differs: {name}")
    return lines


def main(arguments: list[str] | None = None, vendored: Vendored | None = None, generated: Path = GENERATED) -> int:
    """Regenerate or check; return the exit status."""
    parser = argparse.ArgumentParser(description="Rebuild generated/mantago_generated from the vendored spec.")
    parser.add_argument("--check", action="store_true", help="write nothing; say which files differ, exit status 1")
    check: bool = parser.parse_args(arguments).check
    package = generated / PACKAGE
    with tempfile.TemporaryDirectory() as scratch:
        wanted = generate(vendored or Vendored(), generated, Path(scratch).resolve())
    lines = differences(wanted, read_package(package))
    if lines and not check:
        try:
            replace_package(package, wanted)
        except OSError as error:
            raise ScriptError(f"{package}: can't be written: {error.strerror}") from None
    for line in lines:
        print(line)
    if check and lines:
        print(f"{len(lines)} of {len(wanted)} files differ: run python scripts/regenerate.py", file=sys.stderr)
        return 1
    print(f"{package.name}: {len(wanted)} files, " + ("rewritten" if lines else "all up to date"))
    return 0


if __name__ == "__main__":
    raise SystemExit(run(main, sys.argv[1:]))
