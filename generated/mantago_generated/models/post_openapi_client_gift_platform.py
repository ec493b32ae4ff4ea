# Written by scripts/regenerate.py from openapi/ and facade/names.overlay.yaml; a change made here is lost.
from __future__ import annotations

from mantago_generated.models.client_identification_request_platform import Platform as PostOpenapiClientGiftPlatform

__all__ = ["PostOpenapiClientGiftPlatform"]
