"""What all results share: `extra`, `to_dict()` and a repr of one line."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from mantago_runtime.mappings import ReadOnlyMapping
from mantago_runtime.reading.readers import attributes_of, json_attributes


class _Result:
    """What all results share: `to_dict()` and a repr of one line that leaves out what is empty."""

    __slots__ = ()
    extra: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types under the service's names.

        What is None is left out, datetimes are in UTC with `Z`, and what `extra` holds is included.
        """
        data = {a.metadata["json_field"].name: _plain(getattr(self, a.name)) for a in json_attributes(type(self))}
        return {name: value for name, value in data.items() if value is not None} | copy.deepcopy(dict(self.extra))

    def __repr__(self) -> str:
        # None: error reporters show the half-read object of a frame that refused to read on.
        shown = ((a.name, getattr(self, a.name, None)) for a in attributes_of(type(self)))
        parts = (f"{name}={_brief(value)}" for name, value in shown if value or value is False)
        return f"{type(self).__name__}({', '.join(parts)})"


def _plain(value: Any) -> Any:
    match value:
        case tuple():
            return [element.to_dict() for element in value]
        case datetime():
            utc = (value.astimezone(UTC) if value.tzinfo else value).replace(tzinfo=None)
            return utc.isoformat(timespec="microseconds" if utc.microsecond % 1000 else "milliseconds") + "Z"
        case Enum():
            return value.value
        case _:
            return value


def _brief(value: object) -> str:
    match value:
        case tuple() if len(value) > 3:
            return f"<{len(value)}>"
        case datetime():
            return value.isoformat()
        case Enum():
            return repr(value.value)
        case _:
            return repr(value)


NO_EXTRA = ReadOnlyMapping[Any]()


def frozen_extra(extra: Mapping[str, Any]) -> ReadOnlyMapping[Any]:
    """Return a mapping that can't be changed; as it is, if it can't already."""
    return extra if isinstance(extra, ReadOnlyMapping) else ReadOnlyMapping(extra)
