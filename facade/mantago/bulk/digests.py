"""A set of digests in one block of memory: a million take 32 MiB, a quarter of what Python objects would take."""

from __future__ import annotations

from hashlib import blake2b

SIZE = 16
"""The bytes of a digest; with a probability of one in 10^26, two of a million ids have the same digest."""
FIRST_SLOTS = 1024
FULL_SHARE = 0.7
_EMPTY = bytes(SIZE)


def digest(text: str) -> bytes:
    """Return the digest of a text."""
    return blake2b(text.encode(), digest_size=SIZE).digest()


class DigestSet:
    """A growing set of digests: a hash table with open addressing, in which a digest is its own hash."""

    def __init__(self) -> None:
        self._slots = FIRST_SLOTS
        self._table = bytearray(FIRST_SLOTS * SIZE)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, found: bytes) -> bool:
        """Add a digest; return whether it is new."""
        if self._count >= FULL_SHARE * self._slots:
            self._enlarge()
        place = self._place(found)
        if self._table[place : place + SIZE] == found:
            return False
        self._table[place : place + SIZE] = found
        self._count += 1
        return True

    def _place(self, found: bytes) -> int:
        """Return the place of a digest, or the free place for it."""
        slot = int.from_bytes(found[:8], "little") % self._slots
        while (held := self._table[slot * SIZE : slot * SIZE + SIZE]) != _EMPTY and held != found:
            slot = (slot + 1) % self._slots
        return slot * SIZE

    def _enlarge(self) -> None:
        former = self._table
        self._slots *= 2
        self._table = bytearray(self._slots * SIZE)
        for start in range(0, len(former), SIZE):
            if (held := bytes(former[start : start + SIZE])) != _EMPTY:
                place = self._place(held)
                self._table[place : place + SIZE] = held
