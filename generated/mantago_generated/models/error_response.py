# Written by scripts/regenerate.py from openapi/ and facade/names.overlay.yaml; a change made here is lost.
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from mantago_runtime.reading.model import EMPTY, Model, json_field, read_only
from mantago_runtime.reading.readers import FLAG, model_of

if TYPE_CHECKING:
    from mantago_generated.models.error_response_err_response import ErrorResponseErrResponse


@frozen(repr=False, kw_only=True)
class ErrorResponse(Model):
    """Spec: `ErrorResponse`."""

    success: bool = field(metadata=json_field("success", FLAG, required=True))
    err_response: ErrorResponseErrResponse = field(
        metadata=json_field(
            "errResponse",
            model_of("mantago_generated.models.error_response_err_response:ErrorResponseErrResponse"),
            required=True,
        )
    )
    extra: Mapping[str, Any] = field(default=EMPTY, converter=read_only, hash=False)
