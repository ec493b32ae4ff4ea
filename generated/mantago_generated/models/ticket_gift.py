# Written by scripts/regenerate.py from openapi/ and facade/names.overlay.yaml; a change made here is lost.
from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import field, frozen

from mantago_runtime.reading.model import EMPTY, Model, json_field, read_only
from mantago_runtime.reading.readers import TIMESTAMP


@frozen(repr=False)
class Ticket(Model):
    """A coupon that the client hasn't used.

    Spec: `TicketGift`.

    Attributes:
        created_at: Ticket creation timestamp
    """

    __module__ = "mantago"

    created_at: datetime = field(metadata=json_field("createdAt", TIMESTAMP, required=True))
    extra: Mapping[str, Any] = field(default=EMPTY, converter=read_only, hash=False)
