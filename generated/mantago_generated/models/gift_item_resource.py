# Written by scripts/regenerate.py from openapi/; a change made here by hand is lost.
from ..types import OpenStrEnum


class GiftItemResource(OpenStrEnum):
    LOTTERYGAME = "lotteryGame"
    REWARDSCARD = "rewardsCard"
    UNKNOWN = "unknown"

    def __str__(self) -> str:
        return str(self.value)
