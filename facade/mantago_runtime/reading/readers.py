"""The readers that models are declared with: each reads a type of the document from JSON, tolerantly, and writes it."""

from __future__ import annotations

from mantago_runtime.reading.choices import told_apart_by, union_of
from mantago_runtime.reading.containers import list_of, map_of, model_of, nullable
from mantago_runtime.reading.values import (
    BINARY,
    DATE,
    FLAG,
    INTEGER,
    JSON,
    MILLISECONDS,
    NO_CONTENT,
    NUMBER,
    PLAIN_TEXT,
    TEXT,
    TIMESTAMP,
    enum_of,
)

__all__ = [
    "BINARY",
    "DATE",
    "FLAG",
    "INTEGER",
    "JSON",
    "MILLISECONDS",
    "NO_CONTENT",
    "NUMBER",
    "PLAIN_TEXT",
    "TEXT",
    "TIMESTAMP",
    "enum_of",
    "list_of",
    "map_of",
    "model_of",
    "nullable",
    "told_apart_by",
    "union_of",
]
