"""The class of objects of a kind that the document doesn't list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from mantago_runtime.reading.model import EMPTY, Model, read_only


@frozen(repr=False)
class Unlisted(Model):
    """An object of a kind that the spec doesn't list: `extra` holds all of it."""

    extra: Mapping[str, Any] = field(default=EMPTY, converter=read_only, hash=False)
