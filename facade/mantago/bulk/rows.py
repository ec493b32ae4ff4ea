"""The rows of a part: a client's outcome in flat form, as JSON Lines or as Parquet (extra `parquet`)."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib import import_module
from typing import Any, Literal, Protocol, TypeAlias

from attrs import frozen

from mantago.bulk.operations import BulkOperation, ColumnType, Row
from mantago.identification import ClientIdentity
from mantago_runtime.errors import ConfigurationError
from mantago_runtime.reading.fields import plain

FormatName: TypeAlias = Literal["jsonl", "parquet"]
OutcomeName: TypeAlias = Literal["ok", "not_found", "failed"]
ClientKey: TypeAlias = tuple[str | None, ...]
KEYS = ("client_id", "platform", "platform_client_id")
_BEFORE: Mapping[str, ColumnType] = {**dict.fromkeys(KEYS, "text"), "outcome": "text", "error": "text"}
_BEHIND: Mapping[str, ColumnType] = {"fetched_at": "moment", "drift": "texts"}


@frozen
class Outcome:
    """The outcome of one client: a result, `not_found`, or `failed` with the exception's class and status."""

    name: OutcomeName
    fetched_at: datetime
    result: Any = None
    error: str | None = None


def columns_of(operation: BulkOperation[Any]) -> Mapping[str, ColumnType]:
    """Return the columns of a part, in order."""
    return {**_BEFORE, **operation.columns, **_BEHIND}


def rows_of(operation: BulkOperation[Any], client: ClientIdentity, outcome: Outcome) -> Iterator[Row]:
    """Yield a client's rows: at least one, so that every client has an outcome."""
    drift = getattr(outcome.result, "drift", ())
    around = {name: getattr(client, name) for name in KEYS} | {
        "outcome": outcome.name,
        "error": outcome.error,
        "fetched_at": outcome.fetched_at,
        "drift": [f"{one.kind} {one.path}" for one in drift] or None,
    }
    found = () if outcome.result is None else operation.rows(outcome.result)
    for row in [*found] or [{}]:
        whole = {**around, **row}
        yield {name: _writable(whole.get(name)) for name in columns_of(operation)}


def key_of_row(row: Row) -> ClientKey:
    """Return the key of a row's client."""
    return tuple(row[name] for name in KEYS)


def key_of(client: ClientIdentity) -> ClientKey:
    """Return the key of a client, which its rows have too."""
    return tuple(getattr(client, name) for name in KEYS)


def _writable(value: Any) -> Any:
    if isinstance(value, str):
        # JSON lets half a surrogate pair through, which no file can hold.
        return str(value).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return value


class Format(Protocol):
    """A format of parts, which writes rows and reads them."""

    suffix: str

    def dumps(self, rows: Sequence[Row]) -> bytes:
        """Return a part's content."""
        ...

    def loads(self, content: bytes) -> list[Row]:
        """Return a part's rows."""
        ...


class JsonLines:
    """JSON Lines, compressed by gzip; moments are in UTC, with a Z."""

    suffix = ".jsonl.gz"

    def dumps(self, rows: Iterable[Row]) -> bytes:
        """Return a part's content, the same for the same rows."""
        lines = (json.dumps(row, ensure_ascii=False, default=plain) + "\n" for row in rows)
        return gzip.compress("".join(lines).encode(), compresslevel=6, mtime=0)

    def loads(self, content: bytes) -> list[Row]:
        """Return a part's rows."""
        return [json.loads(line) for line in gzip.decompress(content).splitlines()]


class Parquet:
    """Parquet with a fixed schema, whatever the values are; moments are in UTC, to the microsecond."""

    suffix = ".parquet"

    def __init__(self, columns: Mapping[str, ColumnType]) -> None:
        try:
            arrow: Any = import_module("pyarrow")
            self._parquet: Any = import_module("pyarrow.parquet")
        except ModuleNotFoundError as error:
            raise ConfigurationError(f"{error}; Parquet needs an extra: pip install 'mantago[parquet]'") from error
        types = {
            "text": arrow.string(),
            "flag": arrow.bool_(),
            "integer": arrow.int64(),
            "number": arrow.float64(),
            "moment": arrow.timestamp("us", tz="UTC"),
            "texts": arrow.list_(arrow.string()),
        }
        self._table: Any = arrow.Table
        self._schema: Any = arrow.schema([(name, types[kind]) for name, kind in columns.items()])

    def dumps(self, rows: Sequence[Row]) -> bytes:
        """Return a part's content."""
        file = io.BytesIO()
        self._parquet.write_table(self._table.from_pylist([*rows], schema=self._schema), file, compression="zstd")
        return file.getvalue()

    def loads(self, content: bytes) -> list[Row]:
        """Return a part's rows."""
        rows: list[Row] = self._parquet.read_table(io.BytesIO(content)).to_pylist()
        return rows


def format_named(name: FormatName, operation: BulkOperation[Any]) -> Format:
    """Return a format; raise ConfigurationError if it is unknown or its extra is missing."""
    if name == "jsonl":
        return JsonLines()
    if name == "parquet":
        return Parquet(columns_of(operation))
    raise ConfigurationError(f"format must be 'jsonl' or 'parquet', not {name!r}")
