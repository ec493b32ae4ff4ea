"""The rule that identifies a client in one of two ways."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias
from urllib.parse import quote

from mantago_generated.friendly import Platform, PlatformName
from mantago_runtime.errors import IdentificationError
from mantago_runtime.secrets.credentials import encodable
from mantago_runtime.text import characters, one_of

__all__ = ["ClientIdentity", "IdentifyIn", "Platform", "PlatformName", "identify"]

IdentifyIn: TypeAlias = Literal["both", "body"]
LONGEST_IN_URL = 60_000
RULE = "the rule: either client_id, or both platform and platform_client_id"


class ClientIdentity:
    """A client, named in one of the two ways; only `identify` makes it, so it always obeys the rule.

    `in_query` says whether the pair goes into the query as well. The vendor's schema: `ClientIdentificationRequest`.
    The repr is silent, since the platform's id is personal data.
    """

    __slots__ = ("client_id", "in_query", "platform", "platform_client_id")

    def __init__(
        self,
        client_id: str | None = None,
        platform: Platform | None = None,
        platform_client_id: str | None = None,
        *,
        in_query: bool = False,
    ) -> None:
        self.client_id, self.in_query = client_id, in_query
        self.platform, self.platform_client_id = platform, platform_client_id

    def _values(self) -> tuple[str | bool | None, ...]:
        return self.client_id, self.platform, self.platform_client_id, self.in_query

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ClientIdentity) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())


def identify(
    *, client_id: object = None, platform: object = None, platform_client_id: object = None, in_query: bool = True
) -> ClientIdentity:
    """Apply the rule of the spec: "either provide 'clientId' OR both 'platform' and 'platformClientId'".

    The query's text in the spec says "required if clientId not provided in body", the body's "required if clientId not
    provided": only the pair in both places satisfies both; `in_query=False` keeps it out of the URL all the same.
    Raises IdentificationError, which says what was given, what is missing and what the rule is, but no id.
    """
    values = {"client_id": client_id, "platform": platform, "platform_client_id": platform_client_id}
    given = {name: _checked(name, value) for name, value in values.items() if value is not None}
    if "client_id" in given:
        if len(given) > 1:
            raise IdentificationError(f"{_listed(given)} were given, which is both ways at once; {RULE}")
        return ClientIdentity(client_id=given["client_id"])
    missing = [name for name in ("platform", "platform_client_id") if name not in given]
    if missing:
        told = "nothing was given: client_id is missing, or else platform and platform_client_id"
        if given:
            told = f"{_listed(given)} was given, but {missing[0]} is missing"
        raise IdentificationError(f"{told}; {RULE}")
    if given["platform"] not in tuple(Platform):
        known = one_of(given["platform"], Platform)
        raise IdentificationError(f"platform {given['platform'][:50]!r} isn't one of the API's: {known}")
    if in_query and len(quote(given["platform_client_id"])) > LONGEST_IN_URL:
        raise IdentificationError(
            f"platform_client_id can't be part of a URL: it takes more than {LONGEST_IN_URL:,} characters there; is it "
            "an id? identify_in='body' keeps it out"
        )
    return ClientIdentity(
        platform=Platform(given["platform"]), platform_client_id=given["platform_client_id"], in_query=in_query
    )


def _listed(names: Iterable[str]) -> str:
    *names, last = names
    return f"{', '.join(names)} and {last}" if names else last


def _checked(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise IdentificationError(f"{name} must be a string, not {type(value).__name__}; {RULE}")
    if not value.strip():
        raise IdentificationError(f"{name} was given, but is {'blank' if value else 'empty'}; {RULE}")
    if not encodable(value):
        raise IdentificationError(f"{name} holds half of a surrogate pair, which UTF-8 can't carry; {RULE}")
    return characters(value)
