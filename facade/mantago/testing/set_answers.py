"""The answers that a test sets: a result, plain JSON, a failure, or a function of the request."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Collection, Mapping
from inspect import iscoroutinefunction
from typing import Any, Final, Protocol, TypeAlias, TypeVar

from attrs import field, frozen

import mantago
from mantago.testing.answers import Content
from mantago.testing.failures import Failure, FailureName, failure
from mantago.testing.troubles import did_you_mean
from mantago.testing.vendored import left_out_of
from mantago_runtime.reading.fields import plain
from mantago_runtime.reading.model import Model

__all__ = ["OperationAnswer", "OperationRequest", "checked_function", "checked_operation", "content_of", "request_for"]

T = TypeVar("T")


WHAT_TO_GIVE: Final = "give a result, JSON under the service's names, a failure's name, or a function that returns one"


class _SupportsToDict(Protocol):
    def to_dict(self) -> dict[str, Any]: ...


OperationAnswer: TypeAlias = (
    _SupportsToDict | Mapping[str, Any] | list[Any] | tuple[Any, ...] | bool | float | FailureName
)
"""An answer of an operation: a result, JSON under the service's names, or the name of a failure."""


@frozen(kw_only=True)
class OperationRequest:
    """The request that a function answers, without token and secret.

    `operation` is the friendly name; parameters and members of the body have the service's names. The repr leaves out
    query and body, which may hold personal data.
    """

    operation: str
    path_parameters: Mapping[str, str] = field(factory=dict)
    query: Mapping[str, Any] = field(factory=dict, repr=False)
    body: Mapping[str, Any] = field(factory=dict, repr=False)


def request_for(operation: str, path_parameters: Mapping[str, str], query: Any, body: Any) -> OperationRequest:
    """Return the request as a function gets it: a copy, so that the function can't change the record."""
    shown = [{name: copy.deepcopy(value) for name, value in part.items() if name != "secret"} for part in (query, body)]
    return OperationRequest(operation=operation, path_parameters={**path_parameters}, query=shown[0], body=shown[1])


def checked_operation(name: str, names: Collection[str]) -> str:
    """Return the name if an operation has it; raise ValueError, which lists similar names, if none has."""
    if name in names:
        return name
    nearest = did_you_mean(str(name), names, cutoff=0.5) or f"there are {', '.join(sorted(names))}"
    raise ValueError(f"no operation is named {name!r}: {nearest}")


def checked_function(answer: Callable[..., T]) -> Callable[..., T]:
    """Return a function that makes answers; raise ValueError for an asynchronous one."""
    if iscoroutinefunction(answer) or iscoroutinefunction(getattr(answer, "__call__", None)):  # noqa: B004
        raise ValueError("an asynchronous function can't make an answer: give one that returns it, without await")
    return answer


def content_of(operation: str, answer: object) -> Content | Failure:
    """Return the content of an answer, or the failure that it names; raise ValueError for an impossible answer."""
    if isinstance(answer, str):
        return failure(answer, None, None, None)
    wanted = _result_of(operation)
    if isinstance(answer, Model) and wanted and not isinstance(answer, wanted):
        told = f"{operation} can't answer with {type(answer).__name__}: its result is {wanted.__name__}"
        raise ValueError(told)
    kind = answer if isinstance(answer, type) else type(answer)
    if issubclass(kind, BaseException):
        told = "a service answers with no exception: give the name of a failure, such as 'client_not_found'"
        raise ValueError(told)  # noqa: TRY004 - one error for everything that is no answer
    if isinstance(answer, type):
        told = f"the class {kind.__name__} can't be an answer: {WHAT_TO_GIVE}"
        raise ValueError(told)  # noqa: TRY004 - as above
    payload = plain(answer)
    try:
        json.dumps(payload)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{type(answer).__name__} can't be an answer: {error}; {WHAT_TO_GIVE}") from None
    if payload is None:
        raise ValueError(f"None can't be an answer: {WHAT_TO_GIVE}")
    return Content(payload, left_out_of(answer))


def _result_of(operation: str) -> type[Model] | None:
    """Return the class of an operation's result; None where that isn't one class."""
    method = getattr(mantago.MantaGo, operation, None)
    result = getattr(mantago, str(method.__annotations__["return"]), None) if method else None
    return result if isinstance(result, type) and issubclass(result, Model) else None
