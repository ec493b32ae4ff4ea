"""The operations that have a friendly method, and the rule that identifies a client.

This is the only module of the façade that knows the generated package: a new spec version that breaks the façade
breaks it here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, Literal, TypeAlias
from urllib.parse import quote

import httpx
from attrs import frozen

from mantago._credentials import encodable
from mantago._errors import IdentificationError
from mantago_generated import AuthenticatedClient
from mantago_generated.api.client_points_gifts import post_openapi_client_gift
from mantago_generated.models import (
    ClientIdentificationRequest,
    ClientIdentificationRequestPlatform,
    PostOpenapiClientGiftPlatform,
)
from mantago_generated.spec import GENERATOR, SERVER_URL
from mantago_generated.spec import VERSION as SPEC_VERSION
from mantago_generated.types import UNSET, OpenStrEnum

__all__ = [
    "GENERATOR",
    "READ_ONLY",
    "SERVER_URL",
    "SPEC_VERSION",
    "AuthenticatedClient",
    "Client",
    "OpenStrEnum",
    "Platform",
    "PlatformName",
    "gifts_request",
    "identify",
    "instances",
    "path_in_spec",
    "published_spec",
]

READ_ONLY = frozenset({"/openapi/client/gift"})
"""Paths whose operation changes nothing at the service, although it is a POST: it may be sent again."""

IdentifyIn: TypeAlias = Literal["both", "body"]
PlatformName: TypeAlias = Literal["line", "facebook", "instagram", "liveChat", "whatsapp"]

LONGEST_IN_URL = 60_000
UNKNOWN = "(a path that the spec doesn't list)"
RULE = "the rule: either client_id, or both platform and platform_client_id"


class Platform(StrEnum):
    """Where a client is known by a platform's own id: `platform` in the spec."""

    LINE = "line"
    FACEBOOK = "facebook"
    INSTAGRAM = "instagram"
    LIVE_CHAT = "liveChat"
    WHATSAPP = "whatsapp"


@frozen(repr=False)
class Client:
    """Whose gifts are meant, one way or the other; made by `identify` only, so it always obeys the rule.

    The vendor's schema: `ClientIdentificationRequest`. The repr is silent, since the platform's id is personal data.
    """

    client_id: str | None = None
    platform: Platform | None = None
    platform_client_id: str | None = None


def identify(*, client_id: object = None, platform: object = None, platform_client_id: object = None) -> Client:
    """Apply the rule of the spec: "either provide 'clientId' OR both 'platform' and 'platformClientId'".

    Raises IdentificationError, which tells what was given, what is missing and what the rule is, but no id.
    """
    values = {"client_id": client_id, "platform": platform, "platform_client_id": platform_client_id}
    given = {name: value for name, value in values.items() if value is not None}
    for name, value in given.items():
        if not isinstance(value, str):
            raise IdentificationError(f"{name} must be a string, not {type(value).__name__}; {RULE}")
        if not value.strip():
            raise IdentificationError(f"{name} was given, but is {'blank' if value else 'empty'}; {RULE}")
        if not encodable(value):
            raise IdentificationError(f"{name} holds half of a surrogate pair, which UTF-8 can't carry; {RULE}")
    names = " and ".join(given) or "nothing"
    if "client_id" in given:
        if len(given) > 1:
            raise IdentificationError(f"given were {names}: that is both ways at once, leave one out; {RULE}")
        return Client(client_id=str(client_id))
    missing = [name for name in ("platform", "platform_client_id") if name not in given]
    if missing:
        lack = "client_id, or platform and platform_client_id" if not given else missing[0]
        raise IdentificationError(f"given was {names}, missing is {lack}; {RULE}")
    if platform not in tuple(Platform):
        raise IdentificationError(
            f"platform {str(platform)[:50]!r} is none that the API knows: it must be one of {', '.join(Platform)}"
        )
    return Client(platform=Platform(str(platform)), platform_client_id=str(platform_client_id))


def gifts_request(client: Client, identify_in: IdentifyIn) -> dict[str, Any]:
    """Return the generated arguments for the operation "Get client gifts", still without credentials.

    The transport adds bot id and secret, so that no frame above it ever holds them.
    """
    in_query = client.platform is not None and identify_in == "both"
    if in_query and len(quote(client.platform_client_id or "")) > LONGEST_IN_URL:
        raise IdentificationError(
            f"platform_client_id can't stand in a URL: it takes more than {LONGEST_IN_URL:,} characters there; is it "
            "an id? identify_in='body' keeps it out"
        )
    # The query's text in the spec says "required if clientId not provided in body", the body's "required if clientId
    # not provided": only the pair in both places satisfies both.
    return post_openapi_client_gift._get_kwargs(  # noqa: SLF001 - the generator's own name for what we need
        body=_body(client),
        bot_id="",
        platform=PostOpenapiClientGiftPlatform(client.platform) if in_query and client.platform else UNSET,
        platform_client_id=client.platform_client_id or UNSET if in_query else UNSET,
    )


def _body(client: Client) -> ClientIdentificationRequest:
    return ClientIdentificationRequest(
        secret="",
        client_id=client.client_id or UNSET,
        platform=ClientIdentificationRequestPlatform(client.platform) if client.platform else UNSET,
        platform_client_id=client.platform_client_id or UNSET,
    )


def path_in_spec(path: str) -> str:
    """Return the path of the spec that a request's path is an instance of, without what stands in the parameters."""
    templates = paths()
    return (
        path if path in templates else next((name for name, form in templates.items() if form.fullmatch(path)), UNKNOWN)
    )


@cache
def paths() -> dict[str, re.Pattern[str]]:
    """Return the paths of the spec, each with what matches its instances."""
    return {path: instances(path) for path in published_spec()["paths"]}


@cache
def instances(path: str) -> re.Pattern[str]:
    """Return what matches the instances of a path of the spec; each group is the value of a parameter."""
    return re.compile(re.sub(r"\\\{.*?\\\}", "([^/]+)", re.escape(path)))


def published_spec() -> dict[str, Any]:
    """Return the vendored document as the vendor published it."""
    text = files("mantago_generated").joinpath("openapi.json").read_text(encoding="utf-8")
    spec: dict[str, Any] = json.loads(text)
    return spec


def generated_client(
    base_url: str,
    transport: httpx.BaseTransport | httpx.AsyncBaseTransport,
    *,
    timeout: float,
    user_agent: str,
    on_unreadable: Callable[[httpx.Response, Exception], Exception],
) -> AuthenticatedClient:
    """Return the generated client, with our transport below everything that is called with it."""
    return AuthenticatedClient(
        base_url=base_url,
        token="",
        prefix="",  # the transport signs each request
        headers={"Accept": "application/json", "Accept-Encoding": "gzip, deflate", "User-Agent": user_agent},
        timeout=httpx.Timeout(timeout),
        # Without trust_env=False, httpx would put the environment's proxies beside our transport.
        httpx_args={"transport": transport, "trust_env": False},
        on_unreadable=on_unreadable,
    )
