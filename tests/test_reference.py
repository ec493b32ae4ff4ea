"""The documentation's reference shows a client's own types and values, not the names of what it is made from."""

from pathlib import Path

import griffe

from griffe_friendly import Friendly
from griffe_reference import Reference

ROOT = Path(__file__).parent.parent
MADE_UP = '''
from typing import Generic, TypeVar

X = TypeVar("X")
KIB = 1024
MIB = KIB * 1024
NAME = "n"
_AT = object()


class Base(Generic[X]):
    def __init__(self, x: list[X | None], size: int = 2 * MIB, least: int = 3, name: str = NAME, other: int = -1): ...


class Plain(Generic[X]):
    """Has no __init__."""


class Known(Base[dict[str, int]]): ...
class Unknown(Plain[int]): ...
class Foreign(list[int]): ...
class Simple(Base): ...


def inner(size: int = KIB * 2, text: str = "KIB", none: None = None, at: object = _AT): ...
'''
OTHER = """
from elsewhere import FAR
from made_up import KIB, Simple

def outer(size: int = KIB, simple: object = Simple, far: int = FAR): ...
"""


def shown(found: griffe.Class) -> dict[str, tuple[str, str]]:
    return {given.name: (str(given.annotation), str(given.default)) for given in found.parameters}


def test_a_class_shows_what_it_fills_in_and_what_its_constants_come_to(tmp_path: Path):
    package = load_made_up(tmp_path)["inside"]
    assert shown(package.classes["Known"]) == {
        "self": ("None", "None"),
        "x": ("list[dict[str, int] | None]", "None"),
        "size": ("int", "2097152"),
        "least": ("int", "3"),
        "name": ("str", "NAME"),
        "other": ("int", "-1"),
    }
    assert "__init__" not in {**package.classes["Unknown"].members, **package.classes["Foreign"].members}
    assert shown(package.classes["Base"])["x"] == ("list[X | None]", "None")
    assert "__init__" not in package.classes["Simple"].members


def load_made_up(folder: Path) -> griffe.Module:
    place = folder / "made_up"
    place.mkdir()
    (place / "__init__.py").write_text(OTHER.replace("made_up", "made_up.inside"), "utf-8")
    (place / "inside.py").write_text(MADE_UP, "utf-8")
    found = griffe.load("made_up", search_paths=[folder], extensions=griffe.Extensions(Reference()))
    assert isinstance(found, griffe.Module)
    return found


def test_a_function_shows_the_values_of_constants_wherever_they_are_from(tmp_path: Path):
    package = load_made_up(tmp_path)
    defaults = {given.name: str(given.default) for given in package.functions["outer"].parameters}
    assert defaults == {"size": "1024", "simple": "Simple", "far": "FAR"}
    inner = {given.name: str(given.default) for given in package["inside.inner"].parameters}
    assert inner == {"size": "2048", "text": "'KIB'", "none": "None", "at": "..."}


def test_no_type_variable_and_no_constant_is_shown_of_the_clients():
    paths = [ROOT / "facade", ROOT / "generated"]
    package = griffe.load("mantago", search_paths=paths, extensions=griffe.Extensions(Friendly(), Reference()))
    shown_of = {name: shown(package[f"client.{name}"]) for name in ("MantaGo", "AsyncMantaGo")}
    assert shown_of["MantaGo"]["transport"][0] == "TransportLike | None"
    assert shown_of["AsyncMantaGo"]["transport"][0] == "AsyncTransportLike | None"
    for options in shown_of.values():
        assert options["max_response_bytes"] == ("int", "16777216")
        assert not [name for name, told in options.items() if "ProviderT" in told[0] or "BelowT" in told[0]]
