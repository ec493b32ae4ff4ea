# Written by scripts/regenerate.py from openapi/ and facade/names.overlay.yaml; a change made here is lost.
from __future__ import annotations

from typing import Literal, TypeAlias

from mantago_runtime.reading.enums import ClosedStrEnum


class Platform(ClosedStrEnum):
    """Where a client is known by a platform's own id.

    Spec: `ClientIdentificationRequestPlatform`.
    """

    LINE = "line"
    FACEBOOK = "facebook"
    INSTAGRAM = "instagram"
    LIVE_CHAT = "liveChat"
    WHATSAPP = "whatsapp"


# Not in the class: mypy would take it for a member.
Platform.__module__ = "mantago"


PlatformName: TypeAlias = Literal["line", "facebook", "instagram", "liveChat", "whatsapp"]
