"""The proof that a generated package works, which runs in a process of its own, with the package on its path.

It imports every module, sends samples through every class and every operation, both ways, and compares them.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from generation.arguments import parameter_names
from generation.code import PACKAGE
from generation.ir import Endpoint, ListOf, MapOf, Named, Nullable, Place, Scalar, Tagged, Type, Union
from generation.models import envelope_of
from generation.package import Documents, Plan, plan
from generation.samples import KINDS, Endless, Sampler


def main(path: str) -> int:
    """Print a line for each thing that doesn't work; `path` names the file with the documents."""
    told: dict[str, Any] = json.loads(Path(path).read_text("utf-8"))
    for found in pkgutil.walk_packages(importlib.import_module(PACKAGE).__path__, f"{PACKAGE}."):
        importlib.import_module(found.name)
    problems = [*check(plan(Documents(**told["documents"]), told["config"]))]
    # The parent process reads UTF-8, whatever the locale.
    sys.stdout.buffer.write("".join(f"{line}\n" for line in problems).encode(errors="backslashreplace"))
    return int(bool(problems))


def check(made: Plan) -> Iterator[str]:
    """Yield each difference between a sample that went in and what came back."""
    for place in made.classes.shapes:
        if place not in made.classes.same:
            for kind in KINDS:
                yield from _guarded(f"{made.classes.where[place].name}, {kind} sample", _class(made, place, kind))
    for endpoint in made.endpoints:
        module = importlib.import_module(f"{PACKAGE}.api.{endpoint.folder}.{endpoint.module}")
        for kind in KINDS:
            where = f"{endpoint.method} {endpoint.path}, {kind} sample"
            yield from _guarded(f"{where} of an answer", _answers(made, endpoint, module, kind))
            yield from _guarded(f"{where} of a request", _request(made, endpoint, module, kind))


def _guarded(where: str, found: Iterator[str]) -> Iterator[str]:
    try:
        yield from (f"{where}: {problem}" for problem in found)
    except Endless:
        return
    except Exception as error:  # noqa: BLE001 - any error is a finding
        yield f"{where}: {type(error).__name__}: {error}"


def _class(made: Plan, place: Place, kind: Any) -> Iterator[str]:
    where = made.classes.where[place]
    cls = getattr(importlib.import_module(f"{PACKAGE}.models.{where.module}"), where.name)
    sample = Sampler(made.classes, kind).object(place)
    value = cls.from_dict(sample)
    yield from differences(_inside(made, place, sample), value.to_dict())
    if cls.from_dict(value.to_dict()) != value:
        yield "the result of to_dict() isn't read as the same"
    if place in made.used.sent:
        yield from differences(Sampler(made.classes, kind, sent=True).object(place), value._to_request())  # noqa: SLF001


def _answers(made: Plan, endpoint: Endpoint, module: ModuleType, kind: Any) -> Iterator[str]:
    from mantago_runtime.reading.fields import plain  # noqa: PLC0415 - on the path of this process only
    from mantago_runtime.reading.results import read_result  # noqa: PLC0415

    for status, answered in endpoint.answers:
        reader = module.OPERATION.answers[status]
        sample = Sampler(made.classes, kind).of(answered)
        result, _ = read_result(reader, json.loads(json.dumps(sample)), strict=True)
        if isinstance(answered, Named) and answered.place in made.classes.shapes:
            sample = _inside(made, answered.place, sample)
        yield from differences(sample, plain(result))


def _inside(made: Plan, place: Place, sample: Any) -> Any:
    """Return a sample without the envelope of a whole answer."""
    around = {one.name for one in envelope_of(made.classes.shapes[made.classes.of(place)], made.used)}
    return {name: value for name, value in sample.items() if name not in around}


def _request(made: Plan, endpoint: Endpoint, module: ModuleType, kind: Any) -> Iterator[str]:
    sampler = Sampler(made.classes, kind)
    names = parameter_names(endpoint.parameters)
    parameters = [one for one in endpoint.parameters if one.required or kind != "minimal"]
    # A part of a path can't be empty, and no style can write every text.
    plain_sampler = Sampler(made.classes, text="text")
    given = {
        names[one.where, one.name]: _value(made, plain_sampler, one.type, plain_sampler.of(one.type))
        for one in parameters
    }
    body = endpoint.body
    if body:
        given["body"] = _value(made, sampler, body.type, sampler.of(body.type))
    request = module.request(**given)
    if body and body.content_type.partition(";")[0].endswith("json"):
        sent = request.body if request.body is not None else json.loads(request.content)
        yield from differences(Sampler(made.classes, kind, sent=True).of(body.type), sent)
    query = {name.partition("[")[0] for name, _ in request.query}
    for one in parameters:
        is_plain = isinstance(one.type, Scalar) or made.classes.is_enum(one.type)
        if one.where == "query" and is_plain and one.name not in query:
            yield f"the parameter {one.name!r} isn't sent"


def _value(made: Plan, sampler: Sampler, kind: Type, sample: Any) -> Any:
    """Return the argument that a caller gives for a sample."""
    match kind:
        case Scalar(name):
            return _SCALARS[name](sample) if name in _SCALARS else sample
        case Named(place) if place in made.classes.shapes:
            where = made.classes.where[made.classes.of(place)]
            return getattr(importlib.import_module(f"{PACKAGE}.models.{where.module}"), where.name).from_dict(sample)
        case ListOf(item):
            return [_value(made, sampler, item, one) for one in sample]
        case MapOf(value):
            return {name: _value(made, sampler, value, one) for name, one in sample.items()}
        case Nullable(inner):
            return None if sample is None else _value(made, sampler, inner, sample)
        case Union(alternatives):
            return _value(made, sampler, sampler.pick(alternatives), sample)
        case Tagged(_, cases):
            return _value(made, sampler, sampler.pick(cases)[1], sample)
        case _:
            return sample


_SCALARS: Mapping[str, Callable[[Any], Any]] = {
    "DATE": date.fromisoformat,
    "TIMESTAMP": datetime.fromisoformat,
    "MILLISECONDS": lambda value: datetime.fromtimestamp(value / 1000, UTC),
    "BINARY": str.encode,
    "FILE": str.encode,
}


def differences(wanted: Any, found: Any, path: str = "$") -> Iterator[str]:
    """Yield the places at which two values differ; a missing value equals null and an empty list."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        for name in dict.fromkeys([*wanted, *found]):
            yield from differences(wanted.get(name), found.get(name), f"{path}.{name}")
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for index, (one, other) in enumerate(zip(wanted, found, strict=True)):
            yield from differences(one, other, f"{path}[{index}]")
    elif (type(wanted), wanted) != (type(found), found) and not (wanted is None and found == []):
        yield f"{path} is {wanted!r}, and comes back as {found!r}"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
