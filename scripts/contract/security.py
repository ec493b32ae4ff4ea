"""Comparing the security of operations: credentials that sufficed so far must still suffice."""

from __future__ import annotations

from attrs import frozen

from .collector import Collector, Where
from .documents import Cursor, Document, canonical
from .rules import BREAKING, INFO, REQUEST, WARNING, Rule, register

_REFUSED = "clients that send what sufficed so far are refused"
register(
    [
        Rule("api-security-added", BREAKING, REQUEST, "credentials are asked for where none were: {new}", _REFUSED),
        Rule("api-security-replaced", BREAKING, REQUEST, "{old} no longer suffices; accepted is {new}", _REFUSED),
        Rule(
            "api-security-scope-added",
            *(WARNING, REQUEST, "{old} no longer suffices without more scopes; accepted is {new}"),
            "it isn't known whether the clients' tokens have the scope",
        ),
        Rule("api-security-relaxed", INFO, REQUEST, "{new} suffices now", "credentials that sufficed still do"),
        Rule("api-security-scheme-changed", BREAKING, REQUEST, "the security scheme changed: {new}", _REFUSED),
        Rule(
            "api-security-scopes-changed",
            *(INFO, REQUEST, "the scopes that can be asked for changed"),
            "the scopes that an operation asks for are judged with it",
        ),
        Rule(
            "api-security-endpoint-changed",
            *(WARNING, REQUEST, "where or how the credentials are obtained changed"),
            "clients that have the address built in must be told",
        ),
    ]
)

_SENT = ("type", "in", "name", "scheme")
_OBTAINED = ("flows", "openIdConnectUrl")


@frozen
class Scheme:
    """One kind of credential: the way it is sent, the way it is obtained, and its place."""

    sent: str
    obtained: str
    place: Cursor


# One way to authenticate: the scopes by scheme, named as in both documents.
Way = dict[str, frozenset[str]]


class Gate:
    """The security schemes of a document, and the requirements of its operations."""

    def __init__(self, document: Document, other: Document) -> None:
        """Read the schemes; names have to agree with those of the other document."""
        self.document = document
        places = document.root.get("components").get("securitySchemes")
        names = other.root.get("components").get("securitySchemes").mapping
        self.schemes = {name: _scheme(places.get(name)) for name in places.mapping}
        # A scheme that was only renamed is recognized by the way it is sent.
        self._key = {name: name if name in names else scheme.sent for name, scheme in self.schemes.items()}

    def ways(self, operation: Cursor) -> tuple[Cursor, list[Way]]:
        """Return the place of an operation's requirements, and the ways to meet them, of which one suffices."""
        place = operation.raw("security") or self.document.root.raw("security")
        ways = [
            {
                self._key.get(name, name): frozenset(s.text or "" for s in scopes.elements())
                for name, scopes in way.children()
            }
            for way in place.elements()
        ]
        return place, ways or [{}]

    def words(self, ways: list[Way]) -> str:
        """Return the ways for a sentence, the schemes named as the document does."""
        names = {key: name for name, key in self._key.items()}
        texts = []
        for way in ways:
            named = sorted((names.get(key, key), sorted(scopes)) for key, scopes in way.items())
            parts = [f"{name} ({', '.join(scopes)})" if scopes else name for name, scopes in named]
            texts.append(" and ".join(parts) or "nothing")
        return ", or ".join(sorted(texts))

    def used(self, operation: Cursor) -> set[str]:
        """Return the names of the schemes that an operation asks for."""
        place = operation.raw("security") or self.document.root.raw("security")
        return {name for way in place.elements() for name in way.mapping}


def _scheme(place: Cursor) -> Scheme:
    sent = {key: str(place.mapping.get(key, "")).lower() for key in _SENT}
    if sent["type"] in ("oauth2", "openidconnect"):
        sent = {"type": "bearer token"}
    if sent["type"] == "http":
        sent = {"type": "bearer token"} if sent["scheme"] == "bearer" else {"type": "http", "scheme": sent["scheme"]}
    if sent.get("in") not in (None, "header"):
        # Only the names of headers are case-insensitive.
        sent["name"] = str(place.mapping.get("name", ""))
    obtained = [_addresses(place.mapping.get(key)) for key in _OBTAINED]
    return Scheme(canonical(sent), canonical(obtained), place)


def _addresses(value: object) -> object:
    if isinstance(value, dict):
        # Only the scopes that an operation asks for matter.
        return {key: _addresses(inner) for key, inner in value.items() if key != "scopes"}
    return value


def _suffices(way: Way, asked: Way, *, scopes: bool) -> bool:
    return all(name in way and (not scopes or more <= way[name]) for name, more in asked.items())


@frozen
class Guard:
    """Both documents' gates."""

    old: Gate
    new: Gate

    @classmethod
    def of(cls, old: Document, new: Document) -> Guard:
        """Return the guard of two documents."""
        return cls(Gate(old, new), Gate(new, old))

    def requirements(self, collector: Collector, where: Where, old: Cursor, new: Cursor) -> None:
        """Judge the requirements of an operation, those of `security` in the operation or in the document."""
        (place_old, before), (place_new, after) = self.old.ways(old), self.new.ways(new)
        # Requirements that all operations inherit are told once.
        if "security" not in old and "security" not in new:
            where = Where("", "security")
        elif before == after:
            return
        else:
            where = where.below("security")
        lost = [way for way in before if not any(_suffices(way, asked, scopes=True) for asked in after)]
        for way in lost:
            if any(_suffices(way, asked, scopes=False) for asked in after):
                rule = "api-security-scope-added"
            else:
                rule = "api-security-replaced" if way else "api-security-added"
            collector.add(rule, where, place_old, place_new, old=self.old.words([way]), new=self.new.words(after))
        for asked in after:
            if not any(_suffices(asked, way, scopes=True) for way in before) and not lost:
                collector.add("api-security-relaxed", where, place_old, place_new, new=self.new.words([asked]))

    def schemes(self, collector: Collector, names: set[str]) -> None:
        """Judge the schemes that both documents have and operations ask for."""
        for name in sorted(names & self.old.schemes.keys() & self.new.schemes.keys()):
            old, new = self.old.schemes[name], self.new.schemes[name]
            where = Where("", f"security scheme {name}")
            if old.sent != new.sent:
                collector.add("api-security-scheme-changed", where, old.place, new.place, new=new.sent)
            elif old.obtained != new.obtained:
                collector.add("api-security-endpoint-changed", where, old.place, new.place)
            elif not collector.twins.same(old.place.raw("flows"), new.place.raw("flows")):
                collector.add("api-security-scopes-changed", where, old.place.raw("flows"), new.place.raw("flows"))
            collector.texts(where, old.place, new.place)
            collector.rest(where, old.place, new.place, {"$ref", *_SENT, *_OBTAINED})
