"""The whole package: from the documents to the text of each of its modules, not yet formatted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import frozen

from generation import stock
from generation.api import api
from generation.code import Imports
from generation.contents import Documents, contents
from generation.ir import Place, Where
from generation.methods import Method, method
from generation.models import enum_model, model
from generation.names import class_name
from generation.render import renderer
from generation.render import stock as fill_stock


@frozen
class Settings:
    """What else decides the output: generated/config.yaml, the edits of templates, and who generates."""

    config: Mapping[str, Any]
    edits: list[Mapping[str, Any]]
    templates: Path
    generator: str


def modules(documents: Documents, settings: Settings) -> dict[str, str]:
    """Return the text of each module, by its path in the package."""
    read = contents(documents, settings.config)
    classes, used, names = read.classes, read.used, read.names
    where, same = classes.where, classes.same
    friendly = [where[place] for place in read.friendly]
    environment = renderer(settings.templates)

    def fill(template: str, **context: Any) -> str:
        return environment.get_template(f"{template}.py.jinja").render(context)

    def public(found: Where) -> str | None:
        # Pickles and tracebacks say where users import it from, wherever the module is.
        return settings.config["public_package"] if found in friendly else None

    files: dict[str, str] = {}
    for place, shape in classes.shapes.items():
        if place not in same:
            files[f"models/{where[place].module}.py"] = fill(
                "model", model=model(shape, classes, used), public=public(where[place])
            )
    for place, enum in classes.enums.items():
        if place not in same:
            files[f"models/{where[place].module}.py"] = fill(
                "enum", enum=enum_model(enum, classes), public=public(where[place])
            )
    for place, meant in same.items():
        files[f"models/{where[place].module}.py"] = fill(
            "alias", old=stock.pascal_case(where[place].vendor), where=where[meant]
        )
    models = _models(where, same, read.aliases)
    files["models/__init__.py"] = fill("models", models=models)
    for one in read.endpoints:
        files[f"api/{one.folder}/{one.module}.py"] = fill("api", api=api(one, names[one.place], classes))
        files[f"api/{one.folder}/__init__.py"] = fill("init", about=f"Operations of the tag {one.tag}.")
    files["api/__init__.py"] = fill("init", about="The operations, each in a module of its own.")
    for name, is_async in (("operations", False), ("async_operations", True)):
        imports = Imports(avoid={*names.values()})
        imports.name("types", "EllipsisType")
        made: list[Method] = [method(one, names[one.place], classes, imports) for one in read.endpoints]
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
        operations=[(names[one.place], one.method, one.path, one.reads) for one in read.endpoints],
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
