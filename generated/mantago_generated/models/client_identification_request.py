# Written by scripts/regenerate.py from openapi/ and facade/names.overlay.yaml; a change made here is lost.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from mantago_generated.models.client_identification_request_platform import Platform
from mantago_runtime.reading.model import EMPTY, Model, json_field, read_only
from mantago_runtime.reading.readers import TEXT, enum_of


@frozen(repr=False, kw_only=True)
class ClientIdentificationRequest(Model):
    """Client identification rules:
    - Either provide 'clientId' OR both 'platform' and 'platformClientId'.

    Spec: `ClientIdentificationRequest`.

    Attributes:
        secret: Secret key for API authentication
        client_id: The client ID (required if platform + platformClientId not provided)
        platform: Platform type (required if platformClientId provided)
        platform_client_id: Platform-specific client ID (required if clientId not provided)
    """

    _shows_values = False

    secret: str = field(default="", metadata=json_field("secret", TEXT, required=True))
    client_id: str | None = field(default=None, metadata=json_field("clientId", TEXT))
    platform: Platform | str | None = field(default=None, metadata=json_field("platform", enum_of(Platform)))
    platform_client_id: str | None = field(default=None, metadata=json_field("platformClientId", TEXT))
    extra: Mapping[str, Any] = field(default=EMPTY, converter=read_only, hash=False)
