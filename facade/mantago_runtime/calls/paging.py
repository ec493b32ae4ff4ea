"""The loop over the pages of a list: `after` decides what follows a page, for both clients."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Any, Generic, Protocol, TypeVar

from attrs import frozen

T = TypeVar("T")
K = TypeVar("K")
K_co = TypeVar("K_co", covariant=True)


@frozen
class Page(Generic[T]):
    """One page: its items, and what the service says of the following ones, or None."""

    items: Sequence[T]
    total: float | None = None
    more: bool | None = None
    token: str | None = None

    @property
    def is_last(self) -> bool:
        """Return whether the page itself says that it is the last one: by being empty, or by its word."""
        return not self.items or self.more is False


class Position(Protocol[K_co]):
    """The state of the loop: it identifies the next page."""

    @property
    def key(self) -> K_co:
        """Return the arguments that ask for the page."""
        ...

    def after(self, page: Page[Any], /) -> Position[K_co] | None:
        """Return the position after the page that was called for here, or None at the end."""
        ...


@frozen
class ByNumber:
    """A position among numbered pages; `items` counts those on the pages before."""

    key: int = 1
    items: int = 0

    def after(self, page: Page[Any], /) -> ByNumber | None:
        """Return the next number, unless the page is the last one, or all items that there are have come."""
        items = self.items + len(page.items)
        # A total of 0 beside items is no total: to believe it would lose what follows.
        if page.is_last or (page.total and items >= page.total):
            return None
        return ByNumber(self.key + 1, items)


@frozen
class ByToken:
    """A position among pages that each tell the token of the next one."""

    key: str | None = None
    seen: frozenset[str] = frozenset()

    def after(self, page: Page[Any], /) -> ByToken | None:
        """Return the next token; None after the last page, without a token, or with one that was there before."""
        if page.is_last or not page.token or page.token in self.seen:
            return None
        return ByToken(page.token, self.seen | {page.token})


def iterate(fetch: Callable[[K], Page[T]], first: Position[K]) -> Iterator[T]:
    """Yield the items of all pages; fetch each page when its first item is asked for."""
    position: Position[K] | None = first
    while position is not None:
        page = fetch(position.key)
        yield from page.items
        position = position.after(page)


async def aiterate(fetch: Callable[[K], Awaitable[Page[T]]], first: Position[K]) -> AsyncIterator[T]:
    """Yield the items of all pages; fetch each page when its first item is asked for."""
    position: Position[K] | None = first
    while position is not None:
        page = await fetch(position.key)
        for item in page.items:
            yield item
        position = position.after(page)
