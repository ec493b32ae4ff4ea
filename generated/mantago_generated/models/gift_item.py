# Written by scripts/regenerate.py from openapi/ and facade/names.overlay.yaml; a change made here is lost.
from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import field, frozen

from mantago_generated.models.gift_item_resource import GiftResource
from mantago_runtime.reading.model import EMPTY, Model, json_field, read_only
from mantago_runtime.reading.readers import FLAG, TEXT, TIMESTAMP, enum_of


@frozen(repr=False)
class Gift(Model):
    """A physical or virtual gift.

    `is_expired` is None where the service doesn't say. Start and end of the time in which the gift is valid are, by
    the spec, there only when it is expired.

    Spec: `GiftItem`.

    Attributes:
        name: Gift name
        resource: Gift resource type
        created_at: Gift creation timestamp
        is_expired: Whether the virtual gift is expired (outside valid time range)
        start_time: Gift valid start time (only present when isExpired is true)
        end_time: Gift valid end time (only present when isExpired is true)
    """

    __module__ = "mantago"

    name: str = field(metadata=json_field("name", TEXT, required=True))
    resource: GiftResource = field(
        converter=GiftResource, metadata=json_field("resource", enum_of(GiftResource), required=True)
    )
    created_at: datetime = field(metadata=json_field("createdAt", TIMESTAMP, required=True))
    is_expired: bool | None = field(default=None, metadata=json_field("isExpired", FLAG, promised=True))
    start_time: datetime | None = field(default=None, metadata=json_field("startTime", TIMESTAMP))
    end_time: datetime | None = field(default=None, metadata=json_field("endTime", TIMESTAMP))
    extra: Mapping[str, Any] = field(default=EMPTY, converter=read_only, hash=False)
