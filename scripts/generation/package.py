"""The whole package: the text of each of its modules, not yet formatted, from the documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from generation import stock
from generation.api import api
from generation.code import Classes, Imports, classes_in
from generation.directions import directions, reached
from generation.ir import ClassName, Directions, Endpoint, Place
from generation.methods import Method, method, types_of_arguments
from generation.models import enum_model, model
from generation.names import class_name
from generation.operations import read_operations, server_url
from generation.paging import Iteration, iteration, iterator_names
from generation.placing import friendly_names, place_classes, vendor_name
from generation.render import renderer
from generation.render import stock as fill_stock
from generation.schemas import Schemas


@frozen
class Documents:
    """The document as published, as the errata have it, and with the overlay of names."""

    published: Mapping[str, Any]
    mended: Mapping[str, Any]
    named: Mapping[str, Any]


@frozen
class Settings:
    """The input beside the documents: generated/config.yaml, the templates and their edits, and the generator."""

    config: Mapping[str, Any]
    edits: list[Mapping[str, Any]]
    templates: Path
    generator: str


@frozen
class Plan:
    """The decisions that are made before anything is written."""

    documents: Documents
    types: Schemas
    endpoints: tuple[Endpoint, ...]
    classes: Classes
    used: Directions
    names: Mapping[Place, str]
    iterators: Mapping[Place, str]
    """The names of the methods that go through all pages, by the operation that declares its pages."""
    friendly: tuple[ClassName, ...]
    apart: tuple[str, ...]
    """A sentence on each schema that shares a class by the overlay and isn't alike any more; a person has to decide."""


def plan(documents: Documents, config: Mapping[str, Any]) -> Plan:
    """Return the plan of a package; raise Refused for a part of the document that can't be generated right."""
    types = Schemas(documents.named, documents.published)
    types.read_all()
    found = read_operations(documents.named, documents.mended, types)
    vendors = {place: vendor_name(place, found.starts) for place in (*types.shapes, *types.enums)}
    where, shared = place_classes(types, vendors, frozenset(config["classes"]))
    classes = Classes(types.shapes, types.enums, where, shared.same)
    used = directions(found.endpoints, classes)
    names = friendly_names(found.endpoints, config["attributes"])
    iterators = iterator_names(found.endpoints, names, config["attributes"])
    apart = tuple(shared.apart)
    friendly = _friendly(found.endpoints, classes, used)
    return Plan(documents, types, found.endpoints, classes, used, names, iterators, friendly, apart)


def modules(plan: Plan, settings: Settings) -> dict[str, str]:
    """Return the text of each module, by its path in the package."""
    environment = renderer(settings.templates)

    def fill(template: str, **context: Any) -> str:
        return environment.get_template(f"{template}.py.jinja").render(context)

    named = plan.documents.named
    files = {f"models/{name}.py": text for name, text in _class_modules(plan, settings.config, fill)}
    files["models/__init__.py"] = fill("models", models=_models(plan.classes, plan.types.aliases))
    for one in plan.endpoints:
        files[f"api/{one.folder}/{one.module}.py"] = fill("api", api=api(one, plan.names[one.place], plan.classes))
        files[f"api/{one.folder}/__init__.py"] = fill("init", about=f"Operations of the tag {one.tag}.")
    files["api/__init__.py"] = fill("init", about="The operations, each in a module of its own.")
    for name in ("operations", "async_operations"):
        imports = Imports(avoid={*plan.names.values(), *plan.iterators.values()})
        imports.name("types", "EllipsisType")
        is_async = name == "async_operations"
        methods = [_methods(plan, one, imports, is_async=is_async) for one in plan.endpoints]
        lines = {"imports": imports.lines(), "imports_later": imports.lines(later=True)}
        files[f"{name}.py"] = fill("operations", is_async=is_async, methods=methods, **lines)
    files["identification.py"] = fill("identification")
    files["friendly.py"] = fill("models_friendly", models=plan.friendly, arguments=_arguments(plan))
    files["spec.py"] = fill(
        "spec",
        version=named["info"]["version"],
        server=server_url(named["servers"][0]),
        generator=settings.generator,
        operations=[(plan.names[one.place], one.method, one.path, one.reads) for one in plan.endpoints],
        rules=[name for name, it in named.get("components", {}).get("schemas", {}).items() if "x-mantago-rule" in it],
    )
    files["types.py"] = fill("types")
    files["__init__.py"] = fill("package", title=named["info"]["title"])
    for template, text in stock.templates(settings.edits).items():
        files[template.removesuffix(".jinja")] = fill_stock(template, text, stock.client_context())
    return files


def _methods(plan: Plan, one: Endpoint, imports: Imports, *, is_async: bool) -> tuple[Method, Iteration | None]:
    """Return the method of an operation, and the one that goes through all pages, if those are declared."""
    made = method(one, plan.names[one.place], plan.classes, imports)
    if one.place not in plan.iterators:
        return made, None
    imports.name("collections.abc", "AsyncIterator" if is_async else "Iterator", later=True)
    return made, iteration(one, made, plan.classes, plan.used, imports, name=plan.iterators[one.place])


def _arguments(plan: Plan) -> list[tuple[str, str]]:
    """Return the literals that stand for closed enumerations in the methods' signatures, with their modules."""
    enums = [enum_model(found, plan.classes) for found in plan.classes.enums.values()]
    return sorted(
        {(one.literal_name, one.where.module) for one in enums if one.literal_name and one.where in plan.friendly}
    )


def _class_modules(plan: Plan, config: Mapping[str, Any], fill: Callable[..., str]) -> Iterator[tuple[str, str]]:
    classes = plan.classes
    for place, where in classes.where.items():
        # Pickles and tracebacks name the package from which users import a class.
        public = config["public_package"] if where in plan.friendly else None
        if place in classes.same:
            meant = classes.where[classes.of(place)]
            yield where.module, fill("alias", old=class_name(where.vendor), where=meant)
        elif place in classes.shapes:
            yield where.module, fill("model", model=model(classes.shapes[place], classes, plan.used), public=public)
        else:
            yield where.module, fill("enum", enum=enum_model(classes.enums[place], classes), public=public)


def _models(classes: Classes, aliases: Mapping[Place, Place]) -> list[tuple[str, str, str]]:
    """Return every name that models gives, with module and class: the friendly ones, and the vendor's."""

    def meant(place: Place) -> tuple[str, str]:
        found = classes.where[classes.of(place)]
        return found.module, found.name

    own = {found.name: meant(place) for place, found in classes.where.items()}
    vendors = {class_name(found.vendor): meant(place) for place, found in classes.where.items()}
    also = {class_name(str(place[-1])): meant(target) for place, target in aliases.items()}
    return sorted((name, *target) for name, target in (also | vendors | own).items())


def _friendly(endpoints: Sequence[Endpoint], classes: Classes, used: Directions) -> tuple[ClassName, ...]:
    """Return the classes that users meet: those in answers and in the arguments of methods."""
    given = [kind for one in endpoints for kind in types_of_arguments(one, classes)]
    arguments = reached((classes.of(place) for kind in given for place in classes_in(kind)), classes)
    met = [place for place in classes.shapes if place in used.answered | arguments]
    met += [place for place in classes.enums if place in used.answered | used.sent]
    found = [classes.where[place] for place in met if place not in classes.same]
    return tuple(sorted(found, key=lambda where: where.name))
