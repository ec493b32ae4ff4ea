"""Names of a document as names in Python: valid, free, and the same on every machine and in every order."""

from __future__ import annotations

import hashlib
import keyword
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from generation.stock import pascal_case, snake_case

K = TypeVar("K", bound=Hashable)
LONGEST_MODULE = 100
"""Bytes: with a folder and its ending, a name must stay below what file systems allow."""

# The names are listed here, since each Python has others. `id` may be shadowed, as by the generator.
_LOWER = """
abs aiter all anext any ascii bin bool breakpoint bytearray bytes callable chr classmethod compile complex copyright
credits delattr dict dir divmod enumerate eval exec exit filter float format frozenset getattr globals hasattr hash help
hex input int isinstance issubclass iter len license list locals map max memoryview min next object oct open ord pow
print property quit range repr reversed round set setattr slice sorted staticmethod str sum super tuple type vars zip
datetime self cls field true false none
"""
_UPPER = """
ArithmeticError AssertionError AttributeError BaseException BaseExceptionGroup BlockingIOError BrokenPipeError
BufferError BytesWarning ChildProcessError ConnectionAbortedError ConnectionError ConnectionRefusedError
ConnectionResetError DeprecationWarning EOFError Ellipsis EncodingWarning EnvironmentError Exception ExceptionGroup
FileExistsError FileNotFoundError FloatingPointError FutureWarning GeneratorExit IOError ImportError ImportWarning
IndentationError IndexError InterruptedError IsADirectoryError KeyError KeyboardInterrupt LookupError MemoryError
ModuleNotFoundError NameError NotADirectoryError NotImplemented NotImplementedError OSError OverflowError
PendingDeprecationWarning PermissionError ProcessLookupError PythonFinalizationError RecursionError ReferenceError
ResourceWarning RuntimeError RuntimeWarning StopAsyncIteration StopIteration SyntaxError SyntaxWarning SystemError
SystemExit TabError TimeoutError TypeError UnboundLocalError UnicodeDecodeError UnicodeEncodeError UnicodeError
UnicodeTranslateError UnicodeWarning UserWarning ValueError Warning WindowsError ZeroDivisionError
"""
_TAKEN = frozenset((_LOWER + _UPPER).split())
_WINDOWS = frozenset(
    {"con", "prn", "aux", "nul", *(f"{name}{number}" for name in ("com", "lpt") for number in range(10))}
)


def identifier(text: str, fallback: str = "field") -> str:
    """Return the text in snake case, as a name that neither Python nor generated code uses itself."""
    name = unicodedata.normalize("NFKC", snake_case(text)).strip("_")
    if not name.isidentifier():
        name = f"{fallback}_{name}".rstrip("_")
        name = name if name.isidentifier() else fallback
    return f"{name}_" if keyword.iskeyword(name) or name in _TAKEN else name


def class_name(text: str, fallback: str = "Model") -> str:
    """Return the text in Pascal case, as a name of a class."""
    name = unicodedata.normalize("NFKC", pascal_case(text)).strip("_")
    if not name.isidentifier():
        name = fallback + name
        name = name if name.isidentifier() else fallback
    return f"{name}Model" if keyword.iskeyword(name) or name in _TAKEN else name


def module_name(text: str, fallback: str = "module") -> str:
    """Return the text as the name of a module, whose file any system can hold."""
    name = identifier(text, fallback)
    if name in _WINDOWS:
        name += "_"
    return cut(name)


def cut(name: str, limit: int = LONGEST_MODULE) -> str:
    """Return a name that is too long with a digest of the whole in place of its end."""
    if len(name.encode()) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    start = name.encode()[: limit - len(digest) - 1].decode(errors="ignore").rstrip("_")
    return f"{start}_{digest}"


def member_names(values: Sequence[str | int], pinned: Mapping[str, str]) -> list[str]:
    """Return a distinct name for each value of an enumeration."""
    wanted = {index: _member(index, value) for index, value in enumerate(values) if str(value) not in pinned}
    # The order of the document only decides the name of a value that gives none itself.
    order = sorted(wanted, key=lambda index: (wanted[index] != str(values[index]), str(values[index])))
    found = unique({index: wanted[index] for index in order}, [*pinned.values()])
    return [pinned[str(value)] if str(value) in pinned else found[index] for index, value in enumerate(values)]


def _member(index: int, value: str | int) -> str:
    if isinstance(value, int):
        return f"VALUE_NEGATIVE_{-value}" if value < 0 else f"VALUE_{value}"
    name = snake_case(value).upper() if value[:1].isalpha() else ""
    name = unicodedata.normalize("NFKC", name).strip("_")
    return name if name.isidentifier() else f"VALUE_{index}"


def unique(wanted: Mapping[K, str], taken: Collection[str] = ()) -> dict[K, str]:
    """Return the names, with numbers behind those that are taken; one that a single key wants stays as it is."""
    times = Counter(wanted.values())
    used, result = {*taken}, {}
    for key in sorted(wanted, key=lambda key: times[wanted[key]] > 1):
        result[key] = free(wanted[key], used)
        used.add(result[key])
    return result


def free(name: str, taken: Collection[str]) -> str:
    """Return the name, or the first of name_2, name_3 and so on that is free."""
    if name not in taken:
        return name
    separator = "" if name[:1].isupper() and not name.isupper() else "_"
    number = 2
    while (numbered := f"{name.rstrip('_')}{separator}{number}") in taken:
        number += 1
    return numbered


def by_likeness(names: Iterable[str]) -> list[str]:
    """Return the names, those that are spelled in Python as in the document first.

    The order of the document decides nothing: it may change, and must not rename anything.
    """
    return sorted(names, key=lambda name: (identifier(name) != name, name))


def is_field_name(name: str) -> bool:
    """Return whether a field may have this name; a service's own words needn't be English."""
    return name.isidentifier() and name == name.lower() and not name.startswith("_") and not keyword.iskeyword(name)


def is_public_name(name: str) -> bool:
    """Return whether a method may have this name."""
    return re.fullmatch(r"[a-z][a-z0-9_]*", name) is not None and not keyword.iskeyword(name)
