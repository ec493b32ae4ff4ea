"""The operations that can run for many clients: each is one declaration, which is all that a run knows of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, Generic, Literal, TypeAlias, TypeVar

from attrs import frozen

from mantago_generated.models.client_gifts_response import ClientGifts

ResultT = TypeVar("ResultT")
ColumnType: TypeAlias = Literal["text", "flag", "integer", "number", "moment", "texts"]
Row: TypeAlias = Mapping[str, Any]


@frozen(repr=False)
class BulkOperation(Generic[ResultT]):
    """An operation that asks about a client: its method, the columns of its results, and how they become rows.

    A result without rows becomes one row in which these columns are empty. A run may ask more than once for a client,
    so the operation must change nothing.
    """

    method: str
    columns: Mapping[str, ColumnType]
    rows: Callable[[ResultT], Iterable[Row]]

    def __repr__(self) -> str:
        return f"<BulkOperation {self.method}>"


def _rows_of_gifts(result: ClientGifts) -> Iterator[Row]:
    yield from ({"kind": "ticket", "created_at": ticket.created_at} for ticket in result.tickets)
    for kind, gifts in {"physical": result.physical_gifts, "virtual": result.virtual_gifts}.items():
        for gift in gifts:
            yield {
                "kind": kind,
                "name": gift.name,
                "resource": str(gift.resource),
                "created_at": gift.created_at,
                "is_expired": gift.is_expired,
                "start_time": gift.start_time,
                "end_time": gift.end_time,
            }


GIFTS: Final = BulkOperation(
    "get_client_gifts",
    {
        "kind": "text",
        "name": "text",
        "resource": "text",
        "created_at": "moment",
        "is_expired": "flag",
        "start_time": "moment",
        "end_time": "moment",
    },
    _rows_of_gifts,
)
"""The operation that fetches gifts, with a row for each gift and ticket."""
