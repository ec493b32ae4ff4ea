"""Places of two documents that are equal, with all that they refer to, so that nothing below needs comparing."""

from __future__ import annotations

from typing import Any

from .documents import Cursor, Document, canonical, escape

# A reference that stands in both documents: the files that it stands in, and its text.
Key = tuple[str, str, str]
# Marks, among the references of a schema, that it has members beside a reference: they count from OpenAPI 3.1 on.
BESIDE = "\0"
_NONE: frozenset[str] = frozenset()


class Twins:
    """Two documents in which equal values have the same number."""

    def __init__(self, old: Document, new: Document) -> None:
        """Begin with no value numbered; each gets its number when it is asked for."""
        self._old, self._new = old, new
        self._numbers: dict[object, int] = {}
        # By the identity of a value, which its document keeps: its number, and the references in it.
        self._known: dict[int, tuple[int, frozenset[str]]] = {}
        self._settled: dict[Key, bool] = {}

    def same(self, old: Cursor, new: Cursor) -> bool:
        """Return whether two places are equal, with all that they refer to."""
        if not (old and new):
            return not old and not new
        number, references = self._look(old.value)
        if number != self._look(new.value)[0]:
            return False
        return not references or all(self._alike((old.file, new.file, reference)) for reference in references)

    def refers(self, place: Cursor) -> bool:
        """Return whether there is a reference at a place or below."""
        return bool(self._look(place.value)[1])

    def _look(self, value: Any) -> tuple[int, frozenset[str]]:
        if not isinstance(value, dict | list):
            return self._number(value if isinstance(value, str) else (canonical(value),)), _NONE
        known = self._known.get(id(value))
        if known is None:
            known = self._known[id(value)] = self._branch(value)
        return known

    def _branch(self, value: dict[str, Any] | list[Any]) -> tuple[int, frozenset[str]]:
        # Each value of both documents comes here, so that the time of a comparison is the time of this.
        key: list[object] = [isinstance(value, dict)]
        found: set[str] = set()
        for name, inner in sorted(value.items()) if isinstance(value, dict) else enumerate(value):
            number, references = (self._number(inner), _NONE) if isinstance(inner, str) else self._look(inner)
            key += (name, number)
            if references:
                found |= references
        if isinstance(value, dict):
            if isinstance(reference := value.get("$ref"), str):
                found |= {reference} if len(value) == 1 else {reference, BESIDE}
            if isinstance(mapping := value.get("mapping"), dict):
                # This is the mapping of a discriminator, by names or references.
                said = [inner for inner in mapping.values() if isinstance(inner, str)]
                found |= {*said, *(f"#/components/schemas/{escape(name)}" for name in said)}
        return self._number(tuple(key)), frozenset(found) if found else _NONE

    def _number(self, key: object) -> int:
        return self._numbers.setdefault(key, len(self._numbers))

    def _alike(self, key: Key) -> bool:
        if key not in self._settled:
            self._settle(key)
        return self._settled[key]

    def _settle(self, first: Key) -> None:
        """Find out for all references that can be reached from one whether both documents have equal values there."""
        parents: dict[Key, list[Key]] = {first: []}
        unlike: list[Key] = []
        waiting = [first]
        while waiting:
            key = waiting.pop()
            further = self._further(key)
            if further is None or any(self._settled.get(other) is False for other in further):
                unlike.append(key)
                continue
            for other in further:
                if other in parents:
                    parents[other].append(key)
                elif other not in self._settled:
                    parents[other] = [key]
                    waiting.append(other)
        self._settled |= dict.fromkeys(parents, True)
        while unlike:
            key = unlike.pop()
            if self._settled[key]:
                self._settled[key] = False
                unlike += parents[key]

    def _further(self, key: Key) -> list[Key] | None:
        """Return the references at the target of a reference, None if the other document has another value there."""
        file_old, file_new, reference = key
        if reference == BESIDE:
            return [] if self._old.siblings == self._new.siblings else None
        old, new = (
            Cursor(document, None, "", file).follow(reference)
            for document, file in ((self._old, file_old), (self._new, file_new))
        )
        if not (old and new):
            return None if old or new else []
        number, references = self._look(old.value)
        if number != self._look(new.value)[0]:
            return None
        heirs = [
            sorted(f"#{heir.pointer}" for heir in document.heirs.get(id(place.value), ()))
            for document, place in ((self._old, old), (self._new, new))
        ]
        if heirs[0] != heirs[1]:
            return None
        found = [(old.file, new.file, inner) for inner in references]
        return [*found, *(("", "", heir) for heir in heirs[0])]
