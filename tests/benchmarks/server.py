"""The service of the benchmark, in a process of its own: one answer of about 1 KB, written before it is asked for.

python tests/benchmarks/server.py    prints its ports as a line of JSON, and serves until its standard input ends
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import tempfile
import time
from functools import partial

import trustme

WAIT = 0.02
CREATED = "2024-07-15T10:30:28.700Z"


def answer(number: int) -> bytes:
    """Return the JSON of an answer with so many tickets, physical gifts and virtual gifts."""
    gifts = [
        {"name": f"禮物 {index}", "resource": "rewardsCard", "isExpired": False, "createdAt": CREATED}
        for index in range(number)
    ]
    lists = {"tickets": [{"createdAt": CREATED}] * number, "physicalGifts": gifts, "virtualGifts": gifts}
    said = {"success": True, "message": "Get client gifts successfully", **lists}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def response(body: bytes) -> bytes:
    head = (
        "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nDate: Mon, 23 Nov 2026 04:42:03 GMT\r\nConnection: keep-alive\r\n\r\n"
    )
    return head.encode() + body


class Server:
    def __init__(self) -> None:
        self.answers = self.opened = 0
        self.gifts = response(answer(3))

    def usage(self) -> bytes:
        """Return what the service itself has used so far: with it, a client knows that it wasn't the limit."""
        told = {"cpu": time.process_time(), "answers": self.answers, "opened": self.opened}
        return response(json.dumps(told).encode())


class Connection(asyncio.Protocol):
    def __init__(self, server: Server, wait: float) -> None:
        self.server, self.wait, self.buffer, self.counted = server, wait, b"", False

    def connection_made(self, transport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            at = head.find(b"content-length:")
            whole = end + 4 + (int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0)
            if len(self.buffer) < whole:
                return
            if head.startswith(b"get /usage"):
                self.transport.write(self.server.usage())
            else:
                self.server.opened += not self.counted
                self.counted = True
                self.server.answers += 1
                if self.wait:
                    asyncio.get_running_loop().call_later(self.wait, self.transport.write, self.server.gifts)
                else:
                    self.transport.write(self.server.gifts)
            self.buffer = self.buffer[whole:]


async def main() -> None:
    loop, server = asyncio.get_running_loop(), Server()
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(tls)
    ports = {}
    for name, wait, context in (("plain", 0.0, None), ("waits", WAIT, None), ("tls", 0.0, tls)):
        # More than a client's burst of connections: a refused one would measure the system's retries.
        listening = await loop.create_server(
            partial(Connection, server, wait), "127.0.0.1", 0, ssl=context, backlog=2048
        )
        ports[name] = listening.sockets[0].getsockname()[1]
    with tempfile.NamedTemporaryFile(suffix=".pem") as certificate:
        certificate.write(authority.cert_pem.bytes())
        certificate.flush()
        print(json.dumps({**ports, "authority": certificate.name}), flush=True)
        await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
