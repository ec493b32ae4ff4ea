# Written by scripts/regenerate.py from openapi/ and facade/names.overlay.yaml; a change made here is lost.
from __future__ import annotations

from mantago_runtime.reading.enums import OpenStrEnum


class GiftResource(OpenStrEnum):
    """Where a gift comes from.

    A value that the spec doesn't list is kept, equals its string, and says `is_known == False`.

    Spec: `GiftItemResource`.
    """

    _value_: str  # for type checkers: not one of the values below only

    LOTTERY_GAME = "lotteryGame"
    REWARDS_CARD = "rewardsCard"
    UNKNOWN = "unknown"


# Not in the class: mypy would take it for a member.
GiftResource.__module__ = "mantago"
