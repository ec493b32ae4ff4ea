# Written by scripts/regenerate.py from openapi/ and facade/names.overlay.yaml; a change made here is lost.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from mantago_runtime.reading.model import EMPTY, Model, json_field, read_only
from mantago_runtime.reading.readers import INTEGER, TEXT


@frozen(repr=False, kw_only=True)
class ErrorResponseErrResponse(Model):
    """Spec: `ErrorResponseErrResponse`."""

    message: str = field(metadata=json_field("message", TEXT, required=True))
    code: int = field(metadata=json_field("code", INTEGER, required=True))
    bot_id: str | None = field(default=None, metadata=json_field("botId", TEXT))
    extra: Mapping[str, Any] = field(default=EMPTY, converter=read_only, hash=False)
