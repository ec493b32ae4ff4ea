"""Inheritance by discriminator: what stands for a schema is compared as if each place listed it."""

import datetime as dt
from typing import Any

import pytest

from contract import spec
from contract.documents import Document

TODAY = dt.date(2030, 1, 1)
Schema = dict[str, Any]
STRING, INTEGER = {"type": "string"}, {"type": "integer"}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def animal(**mapping: str) -> Schema:
    discriminator: Schema = {"propertyName": "kind"} | ({"mapping": mapping} if mapping else {})
    return {"type": "object", "properties": {"kind": STRING}, "required": ["kind"], "discriminator": discriminator}


def heir(base: str, *required: str, **properties: Schema) -> Schema:
    own = {"type": "object", "properties": properties, "required": [*required]}
    return {"allOf": [ref(base), own]}


def zoo(direction: str, schemas: dict[str, Schema], name: str = "Animal") -> Document:
    media = {"content": {"application/json": {"schema": {"type": "array", "items": ref(name)}}}}
    operation = {"requestBody": media} if direction == "request" else {"responses": {"200": media}}
    return Document("x", {"paths": {"/x": {"post": operation}}, "components": {"schemas": schemas}})


def found(direction: str, old: dict[str, Schema], new: dict[str, Schema], name: str = "Animal") -> list[str]:
    changes = spec.compare(zoo(direction, old, name), zoo(direction, new, name), TODAY)
    return [f"{change.path.partition('json ')[2]} {change.id} {change.level}" for change in changes]


WAYS = {
    "by allOf back": ({}, "Dog"),
    "by a mapping to a reference": ({"dog": "#/components/schemas/Dog"}, "Dog"),
    "by a mapping to a name": ({"dog": "Dog"}, "Dog"),
    "by a mapping that lists another": ({"cat": "#/components/schemas/Cat"}, "Dog"),
}


@pytest.mark.parametrize(("mapping", "label"), WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("back", [True, False], ids=["allOf", "no allOf"])
def test_what_a_discriminator_stands_for_is_compared(mapping: Any, label: str, back: bool) -> None:
    if not back and "dog" not in mapping:
        return

    def schemas(*required: str, age: Schema = STRING) -> dict[str, Schema]:
        dog = heir("Animal", *required, age=age)
        return {
            "Animal": animal(**mapping),
            "Cat": heir("Animal", lives=INTEGER),
            "Dog": dog if back else dog["allOf"][1],
        }

    old = schemas()
    place = f"[]({label}).age"
    assert found("request", old, schemas("age")) == [f"{place} request-property-became-required breaking"]
    assert found("response", schemas("age"), old) == [f"{place} response-property-became-optional breaking"]
    for direction in ("request", "response"):
        changed = found(direction, old, schemas(age=INTEGER))
        assert changed == [f"{place} {direction}-property-type-changed breaking"]
        assert found(direction, old, old) == []


def test_a_schema_that_comes_or_goes_is_told_by_the_direction() -> None:
    one = {"Animal": animal(), "Cat": heir("Animal", lives=INTEGER)}
    two = one | {"Dog": heir("Animal", bark=STRING)}
    assert found("request", one, two) == ["[] request-property-subtype-added info"]
    assert found("request", two, one) == ["[] request-property-subtype-removed breaking"]
    assert found("response", one, two) == ["[] response-property-subtype-added warning"]
    assert found("response", two, one) == ["[] response-property-subtype-removed info"]


def test_a_value_of_the_mapping_stays_the_same_whatever_its_schema_is_called() -> None:
    one = {"Animal": animal(dog="Dog"), "Dog": heir("Animal", bark=STRING)}
    two = {"Animal": animal(dog="Hound"), "Hound": heir("Animal", bark=STRING)}
    three = {"Animal": animal(dog="Hound"), "Hound": heir("Animal", bark=INTEGER)}
    assert found("response", one, two) == [" schema-renamed warning"]
    assert "[](Dog).bark response-property-type-changed breaking" in found("response", one, three)


def test_a_value_that_the_mapping_adds_leaves_the_schema_what_it_was() -> None:
    one, two = ({"Animal": animal(**mapping), "Dog": heir("Animal")} for mapping in ({}, {"dog": "Dog"}))
    assert found("request", one, two)[0] == "[] request-property-discriminator-mapping-added info"
    assert found("request", two, one)[0] == "[] request-property-discriminator-mapping-removed warning"


def test_a_value_that_comes_with_its_schema_is_said_once() -> None:
    one = {"Animal": animal(cat="Cat"), "Cat": heir("Animal")}
    two = {"Animal": animal(cat="Cat", dog="Dog"), "Cat": heir("Animal"), "Dog": heir("Animal")}
    assert found("response", one, two) == ["[] response-property-subtype-added warning"]
    assert found("response", two, one) == ["[] response-property-subtype-removed info"]


def test_a_reference_wrapped_in_an_allof_is_followed_as_well() -> None:
    def schemas(kind: Schema) -> dict[str, Schema]:
        holder = {"type": "object", "properties": {"pet": {"allOf": [ref("Animal"), ref("Animal")], "nullable": True}}}
        return {"Animal": animal(), "Dog": heir("Animal", bark=kind), "Holder": holder}

    assert found("response", schemas(STRING), schemas(INTEGER), "Holder") == [
        "[].pet(Dog).bark response-property-type-changed breaking"
    ]


def test_further_generations_are_followed() -> None:
    def schemas(kind: Schema) -> dict[str, Schema]:
        puppy = {"allOf": [{"allOf": [ref("Dog")]}, {"properties": {"toy": kind}}]}
        mapping = {"dog": "Dog", "puppy": "Puppy"}
        return {"Animal": animal(**mapping), "Dog": heir("Animal", bark=STRING), "Puppy": puppy}

    old, new = schemas(STRING), schemas(INTEGER)
    assert found("response", old, new) == ["[](Dog)(Puppy).toy response-property-type-changed breaking"]
    assert found("response", old, new, "Dog") == ["[](Puppy).toy response-property-type-changed breaking"]
    assert found("response", old, new, "Puppy") == ["[].toy response-property-type-changed breaking"]


def test_a_schema_in_its_place_is_none_of_its_siblings() -> None:
    def schemas(kind: Schema) -> dict[str, Schema]:
        return {"Animal": animal(), "Cat": heir("Animal"), "Dog": heir("Animal", bark=kind)}

    assert found("response", schemas(STRING), schemas(INTEGER), "Cat") == []


def test_without_a_discriminator_nothing_stands_for_a_schema() -> None:
    def schemas(kind: Schema, **more: Any) -> dict[str, Schema]:
        return {"Animal": {"type": "object"} | more, "Dog": heir("Animal", bark=kind)}

    told = {"discriminator": {"propertyName": "kind"}}
    assert found("response", schemas(STRING), schemas(INTEGER, **told)) == [
        "[] response-property-discriminator-added info"
    ]


def test_what_a_oneof_lists_is_all_that_there_is() -> None:
    def schemas(kind: Schema) -> dict[str, Schema]:
        listed = animal() | {"oneOf": [ref("Cat"), ref("Cow")]}
        return {"Animal": listed, "Cat": heir("Base"), "Cow": heir("Base"), "Dog": heir("Animal", bark=kind)} | {
            "Base": {"type": "object"}
        }

    assert found("response", schemas(STRING), schemas(INTEGER)) == []


def test_a_mapping_to_nowhere_or_itself_is_passed_over() -> None:
    old = {"Animal": animal(a="Animal", b="", c="Nothing", d="#/components/schemas/Alias"), "Alias": ref("Dog")}
    new = old | {"Dog": INTEGER}
    assert found("response", old | {"Dog": STRING}, new) == ["[](Dog) response-property-type-changed breaking"]


def test_circles_of_inheritance_end() -> None:
    def schemas(kind: Schema) -> dict[str, Schema]:
        dog = {"allOf": [ref("Animal"), ref("Dog"), {"properties": {"friend": ref("Animal"), "bark": kind}}]}
        return {"Animal": animal() | {"allOf": [ref("Dog")]}, "Dog": dog}

    changed = found("response", schemas(STRING), schemas(INTEGER))
    assert {line.rpartition(".")[2] for line in changed} == {"bark response-property-type-changed breaking"}


def test_what_a_discriminator_tells_apart_is_in_use() -> None:
    base = {"Animal": animal(), "Cat": heir("Animal")}
    more = base | {"Dog": heir("Animal"), "Puppy": heir("Dog")}
    assert found("response", base, more) == ["[] response-property-subtype-added warning"]
