"""The arguments of methods: one that is called wrongly says what it takes."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import CO_COROUTINE
from types import FunctionType
from typing import Any, TypeVar, cast

MethodT = TypeVar("MethodT", bound=Callable[..., Any])


def by_name(method: MethodT) -> MethodT:
    """Have a method with named arguments only say what it takes, if a call doesn't fit.

    Python would name the class that defines it, and not say how to name an argument without a name.
    """
    function = cast("FunctionType", method)

    @wraps(function)
    def called(self: object, *unnamed: object, **given: object) -> Any:
        error = None
        try:
            if not unnamed:
                return function(self, **_handed_over(given))
        except TypeError as caught:
            if not _is_misfit(caught):
                raise
            error = caught
        unnamed = ()
        given.clear()
        raise _misfit(self, function, error)

    @wraps(function)
    async def awaited(self: object, *unnamed: object, **given: object) -> Any:
        held = [unnamed]
        unnamed = ()
        # Of a method that doesn't take these arguments, no coroutine is made: `called` says so.
        return await called(self, *held.pop(), **_handed_over(given))

    return cast("MethodT", awaited if function.__code__.co_flags & CO_COROUTINE else called)


def _handed_over(given: dict[str, object]) -> dict[str, object]:
    """Return arguments, and forget them: a frame of a traceback would show a secret among them."""
    arguments = given.copy()
    given.clear()
    return arguments


def _is_misfit(error: TypeError) -> bool:
    """Return whether the method wasn't entered."""
    return error.__traceback__ is not None and error.__traceback__.tb_next is None


def _misfit(client: object, method: FunctionType, error: TypeError | None) -> TypeError:
    code, kind = method.__code__, type(client).__name__
    called = kind if method.__name__ == "__init__" else f"{kind}.{method.__name__}"
    names = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    if error is None:
        value = '"..."' if "str" in method.__annotations__[names[0]] else "..."
        text = f"{called}() takes its arguments by name, as in {called.rpartition('.')[2]}({names[0]}={value})"
    else:
        text = str(error).replace(f"{method.__qualname__}()", f"{called}()")
    return TypeError(f"{text}; it takes {', '.join(names)}")
