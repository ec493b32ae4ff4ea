# ruff: noqa: ARG002 - httpcore has more options than are used here
"""The network of threads."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from typing import Any

import httpcore

from mantago_runtime.connections.addresses import AddressMemory, is_systems
from mantago_runtime.connections.sockets import SocketStream, connect_first


class DeadlineBackend(httpcore.NetworkBackend):
    """Connections whose every wait is cut to what the call has left: httpx's own timeouts begin anew with each byte."""

    def __init__(self, memory: AddressMemory | None = None) -> None:
        self._memory = memory or AddressMemory()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except UnicodeError as error:  # a name that IDNA can't write
            raise httpcore.ConnectError(str(error)) from error
        except OSError as error:
            if not is_systems(error):
                raise
            raise httpcore.ConnectError(str(error)) from error
        addresses = self._memory.ordered(host, found)
        address, sock = connect_first(addresses, port, timeout)
        self._memory.worked(host, address, addresses)
        return SocketStream(sock)
