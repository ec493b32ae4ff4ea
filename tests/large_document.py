"""A document of real size: about 3 MB, 360 operations, 950 schemas that refer to each other in circles.

    python tests/large_document.py    # prints time and peak memory of what the scripts do with it

Each step runs in a process of its own. Regenerating leaves out what is checked of the generated package.
"""

from __future__ import annotations

import copy
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))
from vendoring.vendored import ROOT, canonical

Json = dict[str, Any]
OPERATIONS, SCHEMAS, KINDS, CHANGES = 360, 950, 40, 75
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
TEXT: Json = {"type": "string", "maxLength": 5000}
SCALARS: tuple[Json, ...] = (
    TEXT,
    {"type": "integer"},
    {"type": "boolean"},
    {"type": "string", "format": "date-time"},
    {"type": "number", "minimum": 0},
    {"type": "string", "enum": ["open", "closed", "paid"]},
    {"type": "array", "items": {"type": "string"}},
    {"type": "object", "additionalProperties": {"type": "string"}},
)


def name(number: int) -> str:
    return f"Resource{number:03}"


def ref(number: int) -> Json:
    # Whoever makes the document knows how many there are.
    return {"$ref": number}


def resolved(value: Any, schemas: int) -> Any:
    """The value with the references as they are written."""
    if isinstance(value, list):
        return [resolved(inner, schemas) for inner in value]
    if not isinstance(value, dict):
        return value
    if isinstance(number := value.get("$ref"), int):
        return {"$ref": f"#/components/schemas/{name(number % schemas)}"}
    return {key: resolved(inner, schemas) for key, inner in value.items()}


def schema(number: int) -> Json:
    """A schema that leads to five others; the first of each ten is told apart by a discriminator."""
    inherits = number % 10 in (1, 2, 3) and number < KINDS * 10
    properties: Json = {
        f"field_{place}": {"description": f"What field {place} of resource {number} says, in one sentence."} | scalar
        for place, scalar in enumerate((*SCALARS, *SCALARS[:2]))
    }
    properties |= {
        "next": ref(number + 1),
        "previous": ref(number - 1),
        "owner": {"allOf": [ref(number * 7 + 3)], "nullable": True},
        "parts": {"type": "array", "items": ref(number * 11 + 5)},
        "by_key": {"type": "object", "additionalProperties": ref(number * 13 + 7)},
    }
    if inherits:
        # What an heir adds has names of its own, and leads in circles to its base, too.
        properties = {f"own_{name}": said for name, said in properties.items()}
    properties |= {"kind": {"type": "string"}}
    found: Json = {"type": "object", "properties": properties, "required": [*properties][:2]}
    if number % 10 == 0 and number < KINDS * 10:
        heirs = range(number + 1, number + 4)
        mapping = {f"kind_{heir}": f"#/components/schemas/{name(heir)}" for heir in heirs}
        return found | {"discriminator": {"propertyName": "kind", "mapping": mapping}}
    if inherits:
        return {"allOf": [ref(number - number % 10), found]}
    return found


def answer(number: int) -> Json:
    return {"description": "What was asked for.", "content": {JSON: {"schema": ref(number)}}}


def operation(number: int) -> Json:
    body = {"type": "object", "properties": {"item": ref(number * 5 + 2), "note": TEXT, "count": {"type": "integer"}}}
    parameters = [
        {"name": key, "in": "query", "description": f"The {key} of operation {number}.", "schema": TEXT}
        for key in ("expand", "starting_after", "ending_before", "created")
    ]
    return {
        "operationId": f"operation_{number}",
        "summary": f"Do what operation {number} does",
        "tags": [f"group {number % 20}"],
        "parameters": [{"$ref": "#/components/parameters/Limit"}, *parameters],
        "requestBody": {"content": {FORM if number % 4 == 0 else JSON: {"schema": body}}},
        "responses": {
            "200": answer(number * 3 + 1),
            "404": {"$ref": "#/components/responses/Missing"},
            "default": answer(number),
        },
    }


def document(operations: int = OPERATIONS, schemas: int = SCHEMAS) -> Json:
    """The document, or a smaller one of its kind."""
    whole = {
        "openapi": "3.0.3",
        "info": {"title": "Large", "version": "1.0.0"},
        "servers": [{"url": "https://api.example.test"}],
        "paths": {f"/v1/resources_{number}": {"post": operation(number)} for number in range(operations)},
        "components": {
            "schemas": {name(number): schema(number) for number in range(schemas)},
            "parameters": {"Limit": {"name": "limit", "in": "query", "schema": {"type": "integer"}}},
            "responses": {"Missing": answer(4)},
        },
    }
    made: Json = resolved(whole, schemas)
    return made


def changed(before: Json, count: int = CHANGES) -> Json:
    """The document with so many of its schemas changed, an operation more and an operation less."""
    after = copy.deepcopy(before)
    after["info"]["version"] = "1.1.0"
    schemas = after["components"]["schemas"]
    for place in range(count):
        found = schemas[name(place * SCHEMAS // count)]
        own = found["allOf"][1]["properties"] if "allOf" in found else found["properties"]
        own["own_field_1" if "allOf" in found else "field_1"]["type"] = "string"
    paths = after["paths"]
    paths["/v1/more"] = {"post": {"responses": {"200": answer(0)}}}
    del paths["/v1/resources_7"]
    return after


_MEASURE = """
import json, os, runpy, sys, time
began = time.perf_counter()
sys.argv[:] = sys.argv[1:]
sys.path.insert(0, os.path.dirname(sys.argv[0]))
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
except SystemExit as end:
    status = end.code
try:
    import resource
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
except ImportError:
    peak = 0
print(json.dumps([time.perf_counter() - began, peak, status]), file=sys.stderr)
"""


def measured(*arguments: object) -> tuple[float, int, int, str]:
    """The seconds that a script takes, the most memory that it uses (0 on Windows), its exit status and output."""
    import json

    command = [sys.executable, "-c", _MEASURE, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, cwd=ROOT)
    seconds, peak, status = json.loads(done.stderr.splitlines()[-1])
    return seconds, peak, status, done.stdout


def main() -> None:
    """Print a line for each step."""
    with TemporaryDirectory() as folder:
        old, new, many = (Path(folder) / f"{part}.json" for part in ("old", "new", "many"))
        before = document()
        for path, tree in ((old, before), (new, changed(before)), (many, changed(before, SCHEMAS))):
            path.write_text(canonical(tree), "utf-8")
        print(f"{old.stat().st_size / 1e6:.1f} MB, {OPERATIONS} operations, {SCHEMAS} schemas")
        diff = ROOT / "scripts" / "contract_diff.py"
        for label, other in ((f"{CHANGES} changes", new), (f"{SCHEMAS} changes", many)):
            for form in ("text", "json", "markdown", "html", "github"):
                _line(f"compare, {label}, {form}", *measured(diff, old, other, "--format", form))
        into = Path(folder) / "openapi"
        _line("import", *measured(ROOT / "scripts" / "import_spec.py", old, "--into", into))
        _regenerate(into)


def _line(what: str, seconds: float, peak: int, status: int, output: str) -> None:
    size = f"{len(output) / 1e6:.2f} MB of output"
    print(f"{what:32} {seconds:6.1f} s  {peak / 1e6:5.0f} MB  exit status {status}, {size}", flush=True)


def _regenerate(vendored: Path) -> None:
    from regenerate import GENERATED, generate
    from vendoring.vendored import Vendored

    for overlay in (Vendored(vendored).overlay, Vendored(vendored).names):
        overlay.parent.mkdir(exist_ok=True)
        overlay.write_text("overlay: 1.0.0\nactions: []\n", "utf-8")
    began = time.perf_counter()
    with TemporaryDirectory() as scratch:
        files = generate(Vendored(vendored), GENERATED, Path(scratch).resolve())
    print(f"{'regenerate, without checks':32} {time.perf_counter() - began:6.1f} s  {len(files)} files")


if __name__ == "__main__":
    main()
