"""The public surface is what tests/public.txt lists: names, where they say they live, and how they are called.

python tests/test_public.py     writes the list anew; a line less, or another one, is a new major version
"""

from __future__ import annotations

import enum
import importlib
import inspect
import pickle
import pickletools
import re
import typing
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import mantago
import mantago_generated

LIST = Path(__file__).parent / "public.txt"
MODULES = ("mantago", "mantago.bulk", "mantago.sandbox", "mantago.testing")
# Deprecated names are public ones.
pytestmark = pytest.mark.filterwarnings("ignore:mantago.sandbox.Card is deprecated:DeprecationWarning")


def surface() -> Iterator[str]:
    for name in MODULES:
        module = importlib.import_module(name)
        for public in sorted(module.__all__, key=_as_in_all):
            yield from described(f"{name}.{public}", getattr(module, public))


def _as_in_all(name: str) -> tuple[bool, bool, str]:
    """Constants first, then classes, as ruff sorts `__all__`: what is generated comes to it at its end."""
    return not name.isupper(), not name[0].isupper(), name


def described(path: str, thing: Any) -> Iterator[str]:
    if not isinstance(thing, type):
        yield f"{path}{signature(thing)}" if inspect.isfunction(thing) else path
        return
    bases = [base.__name__ for base in thing.__bases__ if base is not object and not base.__name__.startswith("_")]
    yield f"{path} is {' and '.join(bases)}" if bases else path
    if issubclass(thing, enum.Enum):
        yield from (f"{path}.{member.name} = {member.value!r}" for member in thing)
    elif not issubclass(thing, Exception) or "__init__" in vars(thing):
        yield f"{path}{signature(thing)}"
    # What a public base has, such as APIStatusError, is listed there.
    inherited = {base for base in thing.__mro__[1:] if base.__name__ in mantago.__all__}
    own = [base for base in thing.__mro__ if base.__module__.startswith("mantago") and base not in inherited]
    types = {name: kind for base in reversed(own) for name, kind in inspect.get_annotations(base).items()}
    members = {name: value for base in reversed(own) for name, value in vars(base).items()}
    listed = {member.name for member in thing} if issubclass(thing, enum.Enum) else set[str]()
    for name in sorted({*types, *members} - listed):
        if not name.isupper() and (not name.startswith("_") or name in {"__enter__", "__aenter__"}):
            yield from member(f"{path}.{name}", members.get(name), types.get(name))


def member(path: str, value: Any, kind: Any) -> Iterator[str]:
    if isinstance(value, property):
        assert value.fget is not None
        yield f"{path} -> {annotation(value.fget.__annotations__['return'])}"
    elif callable(value) or isinstance(value, classmethod):
        function = value.__func__ if isinstance(value, classmethod) else value
        forms = typing.get_overloads(inspect.unwrap(function)) or [function]
        # Those of a package that another test imported in place of ours are known under the same name.
        yield from dict.fromkeys(f"{path}{signature(form)}" for form in forms)
    else:
        yield f"{path}: {annotation(kind)}"


def annotation(kind: Any) -> str:
    return without_modules(kind if isinstance(kind, str) else inspect.formatannotation(kind))


def signature(thing: Any) -> str:
    """A call's form, without the quotes in which annotations are kept."""
    text = str(inspect.signature(thing))
    return without_modules(re.sub(r"(: |-> )'([^']*)'(?= =|[,)]|$)", r"\1\2", text))


def without_modules(text: str) -> str:
    return re.sub(r"\b(?:[a-z_]\w*\.)+(?=[A-Za-z_])", "", text)


def test_the_surface_is_the_one_that_is_listed() -> None:
    assert [*surface()] == LIST.read_text("utf-8").splitlines(), "see the head of this file"


def test_every_public_class_says_that_it_lives_where_it_is_imported_from() -> None:
    for name in MODULES:
        module = importlib.import_module(name)
        places = {public: getattr(getattr(module, public), "__module__", name) for public in module.__all__}
        # What the sandbox shows of its data has no other home; a Literal belongs to typing.
        shown = {"Card", "PlatformId", "FailureName", "SandboxClient"}
        assert {public: place for public, place in places.items() if public not in shown} == {
            public: name for public in places if public not in shown
        }


@pytest.mark.parametrize("name", [name for name in mantago.__all__ if isinstance(getattr(mantago, name), type)])
def test_a_class_is_pickled_under_its_public_name(name: str) -> None:
    cls = getattr(mantago, name)
    pickled = pickle.dumps(cls)
    assert next(text for _, text, _ in pickletools.genops(pickled) if isinstance(text, str)) == "mantago"
    assert pickle.loads(pickled) is cls


def test_the_names_are_sorted_and_each_is_there() -> None:
    for module in (*map(importlib.import_module, MODULES), mantago_generated):
        assert len(module.__all__) == len({*module.__all__})
        assert all(hasattr(module, name) for name in module.__all__)


def test_a_star_import_brings_what_is_public_and_nothing_else() -> None:
    brought: dict[str, object] = {}
    exec("from mantago import *", brought)
    assert {*brought} - {"__builtins__"} == {*mantago.__all__}


if __name__ == "__main__":
    warnings.simplefilter("ignore", DeprecationWarning)
    LIST.write_text("".join(f"{line}\n" for line in surface()), "utf-8", newline="\n")
