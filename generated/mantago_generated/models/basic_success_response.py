# Written by scripts/regenerate.py from openapi/ and facade/names.overlay.yaml; a change made here is lost.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from mantago_runtime.reading.model import EMPTY, Model, json_field, read_only
from mantago_runtime.reading.readers import FLAG, TEXT


@frozen(repr=False, kw_only=True)
class BasicSuccessResponse(Model):
    """Spec: `BasicSuccessResponse`."""

    success: bool = field(metadata=json_field("success", FLAG, required=True))
    message: str = field(metadata=json_field("message", TEXT, required=True))
    extra: Mapping[str, Any] = field(default=EMPTY, converter=read_only, hash=False)
