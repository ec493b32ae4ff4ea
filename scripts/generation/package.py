"""The whole package: from the documents to the text of each of its modules, not yet formatted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import frozen

from generation import stock
from generation.api import api
from generation.code import Classes, Imports
from generation.directions import directions
from generation.ir import Directions, Place, Where
from generation.methods import Method, method
from generation.models import enum_model, model
from generation.names import class_name
from generation.operations import read_operations
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
    """What else decides the output: generated/config.yaml, the edits of templates, and who generates."""

    config: Mapping[str, Any]
    edits: list[Mapping[str, Any]]
    templates: Path
    generator: str


def modules(documents: Documents, settings: Settings) -> dict[str, str]:
    """Return the text of each module, by its path in the package."""
    types = Schemas(documents.named, documents.published)
    types.read_all()
    found = read_operations(documents.named, documents.mended, types)
    places = [*types.shapes, *types.enums]
    where, same = place_classes(
        types, {place: vendor_name(place, found.starts) for place in places}, frozenset(settings.config["classes"])
    )
    classes = Classes(types.shapes, types.enums, where, same)
    used = directions(found.endpoints, classes)
    names = friendly_names(found.endpoints, settings.config["attributes"])
    friendly = _friendly(where, same, used, classes)
    environment = renderer(settings.templates)

    def fill(template: str, **context: Any) -> str:
        return environment.get_template(f"{template}.py.jinja").render(context)

    def public(found: Where) -> str | None:
        # Pickles and tracebacks say where users import it from, wherever the module is.
        return settings.config["public_package"] if found in friendly else None

    files: dict[str, str] = {}
    for place, shape in types.shapes.items():
        if place not in same:
            files[f"models/{where[place].module}.py"] = fill(
                "model", model=model(shape, classes, used), public=public(where[place])
            )
    for place, enum in types.enums.items():
        if place not in same:
            files[f"models/{where[place].module}.py"] = fill(
                "enum", enum=enum_model(enum, classes), public=public(where[place])
            )
    for place, meant in same.items():
        files[f"models/{where[place].module}.py"] = fill(
            "alias", old=stock.pascal_case(where[place].vendor), where=where[meant]
        )
    models = _models(where, same, types.aliases)
    files["models/__init__.py"] = fill("models", models=models)
    for one in found.endpoints:
        files[f"api/{one.folder}/{one.module}.py"] = fill("api", api=api(one, names[one.place], classes))
        files[f"api/{one.folder}/__init__.py"] = fill("init", about=f"Operations of the tag {one.tag}.")
    files["api/__init__.py"] = fill("init", about="The operations, each in a module of its own.")
    for name, is_async in (("operations", False), ("async_operations", True)):
        imports = Imports(avoid={*names.values()})
        imports.name("types", "EllipsisType")
        made: list[Method] = [method(one, names[one.place], classes, imports) for one in found.endpoints]
        has_rule = any(one.rule for one in made)
        files[f"{name}.py"] = fill(
            "operations", is_async=is_async, methods=made, has_rule=has_rule, imports=imports.lines(),
            imports_later=imports.lines(later=True),
        )  # fmt: skip
    files["identification.py"] = fill("identification")
    files["friendly.py"] = fill("models_friendly", models=friendly)
    files["spec.py"] = fill(
        "spec",
        version=documents.named["info"]["version"],
        server=server_url(documents.named["servers"][0]),
        generator=settings.generator,
        operations=[(names[one.place], one.method, one.path, one.reads) for one in found.endpoints],
    )
    files["types.py"] = fill("types")
    files["__init__.py"] = fill("package", title=documents.named["info"]["title"])
    for template, text in stock.templates(settings.edits).items():
        files[template.removesuffix(".jinja")] = fill_stock(template, text, stock.client_context())
    return files


def server_url(server: Mapping[str, Any]) -> str:
    """Return the address of a server, with the defaults of its variables."""
    url = str(server["url"])
    for name, variable in server.get("variables", {}).items():
        url = url.replace(f"{{{name}}}", str(variable["default"]))
    return url


def _models(
    where: Mapping[Place, Where], same: Mapping[Place, Place], aliases: Mapping[Place, Place]
) -> list[tuple[str, str, str]]:
    """Return every name that models gives, with module and class: the friendly ones, and the vendor's."""
    own = {found.name: (found.module, found.name) for place, found in where.items() if place not in same}
    vendors = {
        class_name(found.vendor): (where[same.get(place, place)].module, found.name) for place, found in where.items()
    }
    also = {
        class_name(str(place[-1])): (where[same.get(meant, meant)].module, where[meant].name)
        for place, meant in aliases.items()
    }
    return sorted((name, *target) for name, target in (also | vendors | own).items())


def _friendly(
    where: Mapping[Place, Where], same: Mapping[Place, Place], used: Directions, classes: Classes
) -> list[Where]:
    """Return the classes that users meet: what is answered, and the enumerations of what is given."""
    shapes = [where[place] for place in classes.shapes if place in used.answered]
    enums = [where[place] for place in classes.enums if place not in same and place in used.answered | used.sent]
    return sorted(shapes + enums, key=lambda found: found.name)
