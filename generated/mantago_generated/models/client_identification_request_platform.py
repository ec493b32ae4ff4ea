# Written by scripts/regenerate.py from openapi/; a change made here by hand is lost.
from ..types import OpenStrEnum


class ClientIdentificationRequestPlatform(OpenStrEnum):
    FACEBOOK = "facebook"
    INSTAGRAM = "instagram"
    LINE = "line"
    LIVECHAT = "liveChat"
    WHATSAPP = "whatsapp"

    def __str__(self) -> str:
        return str(self.value)
