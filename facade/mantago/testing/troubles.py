"""The troubles that a good answer can have; pure decisions, without a server and without the spec."""

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Final

from attrs import evolve, frozen

from mantago.testing.refusals import CannedResponse

__all__ = [
    "ONE_GIFT",
    "SLOW_SECONDS",
    "Trouble",
    "changed",
    "did_you_mean",
    "spelled",
    "success_envelope",
    "with_a_gift",
]

SLOW_SECONDS: Final = 5.0
"""The delay of a slow answer."""


@frozen
class Trouble:
    """The trouble of a good answer: another comes `instead`, or it comes changed, late or cut off, or as it is."""

    instead: CannedResponse | None = None
    change: str | None = None
    slow: bool = False
    cut_off: bool = False

    def befall(self, good: CannedResponse) -> CannedResponse:
        """Return the answer that comes in place of a good one, whose content has been changed already."""
        if self.instead is not None:
            return self.instead
        off_spec = self.change not in {None, "unknown_field"}
        return evolve(good, off_spec=off_spec, slow=self.slow, cut_off=self.cut_off)


def success_envelope(**lists: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the success envelope around lists of gifts under the service's names."""
    return {"success": True, "message": "Get client gifts successfully", **lists}


ONE_GIFT: Final = {
    "name": "生日蛋糕兌換券",
    "resource": "rewardsCard",
    "createdAt": "2024-07-15T10:30:28.700Z",
    "isExpired": False,
}

_LISTS: Final = ("physicalGifts", "virtualGifts")
_CHANGES: Final[Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]]] = {
    # by the kind of drift that a client then tells of
    "missing": lambda gift: {name: value for name, value in gift.items() if name != "isExpired"},
    "null": lambda gift: {**gift, "startTime": None, "endTime": None},
    "unknown_value": lambda gift: {**gift, "resource": "birthdayCampaign"},
    "unknown_field": lambda gift: {**gift, "rarity": "gold"},
    "format": lambda gift: {**gift, "createdAt": gift["createdAt"].removesuffix("Z")},
    # a change that no client can read
    "no_name": lambda gift: {name: value for name, value in gift.items() if name != "name"},
}


def changed(payload: Mapping[str, Any], change: str) -> dict[str, Any]:
    """Return gifts as a newer or sloppier service might send them, each changed in one way."""
    gifts = {name: [*map(_CHANGES[change], payload[name])] for name in _LISTS if payload.get(name)}
    beside = {"loyaltyPoints": 120} if change == "unknown_field" else {}
    return {**payload, **gifts, **beside}


def with_a_gift(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return gifts with one at least, in which something can be changed."""
    return {**payload} if any(payload.get(name) for name in _LISTS) else {**payload, "virtualGifts": [ONE_GIFT]}


_FORMER: Final[Mapping[str, str]] = {
    "field_from_the_future": "drift_unknown_field",
    "enum_from_the_future": "drift_unknown_value",
    "missing_is_expired": "drift_missing",
}


def spelled(name: str) -> str:
    """Return the name of a failure, or an id that fails, as it is spelled today.

    In version 0.1 ids had hyphens, and some were named otherwise than the failure.
    """
    plain = name.replace("-", "_")
    return _FORMER.get(plain, plain)


def did_you_mean(name: str, names: Iterable[str], *, cutoff: float = 0.6) -> str:
    """Return a question that suggests similar names, empty if there is none."""
    by_spelling = {spelled(one).lower(): one for one in names}
    near = get_close_matches(spelled(name).lower(), by_spelling, n=3, cutoff=cutoff)
    return f"did you mean {' or '.join(by_spelling[one] for one in near)}?" if near else ""
