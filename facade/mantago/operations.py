"""The operations that have a friendly method.

This is the only module of the façade that knows the generated package: a new spec version that breaks the façade
breaks it here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote

import httpx

from mantago.identification import ClientIdentity, IdentifyIn
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
from mantago_runtime.errors import IdentificationError

__all__ = [
    "GENERATOR",
    "READ_ONLY",
    "SERVER_URL",
    "SPEC_VERSION",
    "AuthenticatedClient",
    "OpenStrEnum",
    "gifts_request",
    "instances",
    "path_in_spec",
    "published_spec",
]

READ_ONLY = frozenset({"/openapi/client/gift"})
"""Paths whose operation changes nothing at the service, although it is a POST: it may be sent again."""

LONGEST_IN_URL = 60_000
UNKNOWN = "(a path that the spec doesn't list)"


def gifts_request(client: ClientIdentity, identify_in: IdentifyIn) -> dict[str, Any]:
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


def _body(client: ClientIdentity) -> ClientIdentificationRequest:
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
