"""The order and times in which a host's addresses are tried, as RFC 8305 says ("happy eyeballs").

A host may have an address that nothing answers at, often its IPv6: waiting for that one to fail would take the time
that the others need.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Iterable
from itertools import chain, zip_longest
from typing import Any

import httpcore

STAGGER_SECONDS = 0.25
"""Seconds that an address has before the next one is tried beside it: what RFC 8305 recommends."""
REMEMBERED_SECONDS = 600.0
"""Seconds that an address which worked comes first: RFC 8305 wants the better ones to have another chance then."""


def is_numeric(host: str) -> bool:
    """Return whether a host is an address rather than a name, so that nobody has to be asked for it."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_systems(error: OSError) -> bool:
    """Return whether the system raised an error: it numbers its own, and the alarm that a caller set has no number."""
    return error.errno is not None


def addresses_of(found: Iterable[Any]) -> list[str]:
    """Return the addresses that getaddrinfo found, each once, the families in turns."""
    by_family: dict[int, dict[str, None]] = {}
    for family, _, _, _, address in found:
        by_family.setdefault(family, {})[str(address[0])] = None
    turns = chain.from_iterable(zip_longest(*by_family.values()))
    return [address for address in turns if address is not None]


class AddressMemory:
    """The addresses that worked for one client, by the hosts that have several."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._worked: dict[str, tuple[str, float]] = {}

    def ordered(self, host: str, found: Iterable[Any]) -> list[str]:
        """Return the addresses of a host in the order in which to try them; ConnectError if there are none."""
        addresses = addresses_of(found)
        if not addresses:
            raise httpcore.ConnectError(f"{host} has no address")
        worked, until = self._worked.get(host, ("", 0.0))
        if worked in addresses and self._clock() < until:
            addresses.remove(worked)
            addresses.insert(0, worked)
        return addresses

    def worked(self, host: str, address: str, addresses: list[str]) -> None:
        """Remember the address that a connection was made to, from its first time on."""
        now = self._clock()
        before, until = self._worked.get(host, ("", 0.0))
        if len(addresses) > 1 and (before != address or now >= until):
            self._worked[host] = (address, now + REMEMBERED_SECONDS)
