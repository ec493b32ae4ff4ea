"""A stand-in for the service: the vendored spec, served over real HTTP (extra `sandbox`).

The routes, the credentials and the shapes of requests and answers come from the spec. Only the clients, and the rule
that the spec states in prose, are code. An operation that is new in the spec is served at once, with an answer that has
everything that the spec gives it.
"""

import asyncio
import json
import logging
import re
import secrets
import socket
import threading
import time
import warnings
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, cast

from mantago.identification import IdentifyIn
from mantago.testing.answers import Answers, Content, is_json
from mantago.testing.document import Document, Node, SpecOperation
from mantago.testing.refusals import BOT_ID, CannedResponse, Refusal
from mantago.testing.requests import answer_faults, read
from mantago.testing.scenarios import (
    CLIENTS,
    GIFT_MEMBERS,
    GIFTS,
    TRIGGERS,
    TROUBLES,
    PlatformId,
    SandboxClient,
    gifts_of_trigger,
    sandbox_client_for,
)
from mantago.testing.service import (
    Bot,
    ParsedRequest,
    RateLimit,
    Visits,
    check_identify_in,
    checked_rate,
    log_line,
    new_token,
    not_found,
    refused,
    respond,
)
from mantago.testing.troubles import SLOW_SECONDS, Trouble
from mantago_generated.spec import published
from mantago_runtime.secrets.credentials import Credentials, problem_of

try:
    import uvicorn
except ModuleNotFoundError as error:
    raise ImportError(f"{error}; the sandbox needs an extra: pip install 'mantago[sandbox]'") from error

__all__ = ["CLIENTS", "TRIGGERS", "Card", "PlatformId", "Sandbox", "SandboxClient"]

if TYPE_CHECKING:
    Card = SandboxClient
    """The name of `SandboxClient` in version 0.1; deprecated, as a warning says where it is used."""
else:

    def __getattr__(name: str) -> object:
        if name != "Card":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        text = "mantago.sandbox.Card is deprecated: it is called mantago.sandbox.SandboxClient now"
        warnings.warn(text, DeprecationWarning, stacklevel=2)
        return SandboxClient


_LOOPBACK: Final = "127.0.0.1"
_ALL_ADDRESSES: Final = {"": _LOOPBACK, "0.0.0.0": _LOOPBACK, "::": "::1"}  # noqa: S104 - nobody is bound to them here
_IDS: Final = (*(client.id for client in CLIENTS), *TROUBLES)
_TOKEN_SECONDS: Final = 30 * 24 * 60 * 60
_MOST_JUDGED: Final = 1_000
"""The most judged answers that are kept: refusals say what is wrong, so there is no end of different ones."""
# The loggers that the server's thread writes to, for which the caller didn't ask.
_TALKATIVE: Final = ("asyncio", "uvicorn.access", "uvicorn.error")


class Sandbox:
    """The service on a port of this machine while the `with` block runs.

    `host` is the address to listen on. Beyond loopback, anybody who reaches the sandbox can ask it, unencrypted, and
    clients of this package need a TLS proxy before it, or a local port that leads to it. `port` 0 takes a free port; a
    port that is taken raises an `OSError`. The sandbox accepts `bot_id`, `token` and `secret`; by default it makes a
    new token and secret each time. `rate` is the most calls a second: the sandbox answers more with 429 and
    Retry-After. `identify_in` says how to read the prose of the spec: "both" wants a platform pair in body and query,
    "body" only in the body. `log` is called with a line for each request: time of day, method, path, status and
    code, without any id. `CLIENTS` and `TRIGGERS` list the ids. Raises ValueError for an unusable credential or rate.
    """

    def __init__(
        self,
        *,
        host: str = _LOOPBACK,
        port: int = 0,
        bot_id: str = BOT_ID,
        token: str | None = None,
        secret: str | None = None,
        rate: float | None = None,
        identify_in: IdentifyIn = "both",
        log: Callable[[str], object] | None = None,
    ) -> None:
        check_identify_in(identify_in)
        self.bot_id = bot_id
        self.token = new_token(bot_id, *_lifetime(), signature=secrets.token_bytes(32)) if token is None else token
        self.secret = secrets.token_urlsafe(32) if secret is None else secret
        problem = problem_of({"bot_id": self.bot_id, "token": self.token, "secret": self.secret})
        # A traceback with locals must not show the two, even if they open nothing.
        del token, secret
        if problem:
            raise ValueError(re.sub(r" \(or the environment variable \w+\)", "", problem))
        self._limit = None if rate is None else RateLimit(checked_rate(rate), time.monotonic)
        self._host = host
        self._port = port
        self._identify_in: IdentifyIn = identify_in
        self._log = log
        self._document = Document(published())
        self._slow_seconds = SLOW_SECONDS
        self._base_url: str | None = None
        self._thread: threading.Thread | None = None
        self._stop = ExitStack()

    def __repr__(self) -> str:
        state = "running" if self._thread and self._thread.is_alive() else "not running"
        return f"<Sandbox {self._base_url or ''} {state}>".replace("  ", " ")

    @property
    def base_url(self) -> str:
        """The service's address, with the path of the spec's server; known from the start of the `with` block."""
        if self._base_url is None:
            raise RuntimeError("the sandbox has no address yet: use it in a with statement")
        return self._base_url

    @property
    def credentials(self) -> Credentials:
        """The credentials that the sandbox accepts, as `MantaGo(credentials=...)` takes them."""
        return Credentials(bot_id=self.bot_id, token=self.token, secret=self.secret)

    def __enter__(self) -> Self:
        if self._thread is not None:
            raise RuntimeError("a sandbox runs once: make another Sandbox()")
        document = self._document
        bot = Bot(self.bot_id, self.token, self.secret)
        service = _Service(document, bot, self._limit, identify_in=self._identify_in, log=self._log)
        with ExitStack() as stack:
            family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
            both = self._host == "::" and socket.has_dualstack_ipv6()
            server_socket = socket.create_server((self._host, self._port), family=family, dualstack_ipv6=both)
            listener = stack.enter_context(server_socket)
            # asyncio sets this only on sockets made with TCP's number. Bodies would wait 40 ms behind their headers.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            server = _Server(_asgi(service, self._slow_seconds))
            thread = threading.Thread(target=server.serve_on, args=(listener,), name="mantago-sandbox", daemon=True)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.stop)
            server.settled.wait()
            if not server.started:
                raise RuntimeError("the sandbox's server did not start; its traceback says why")
            # An address that stands for all addresses of this machine can't be called.
            place = _ALL_ADDRESSES.get(self._host, self._host)
            place = f"[{place}]" if ":" in place else place
            self._base_url = f"http://{place}:{listener.getsockname()[1]}{document.base_path}"
            self._thread = thread
            self._stop = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.close()


def _lifetime() -> tuple[int, int]:
    """Return when a token is issued and when it expires, in seconds since 1970."""
    now = int(time.time())
    return now, now + _TOKEN_SECONDS


class _Service:
    """Decides on answers: the spec says what is right, and the scenarios have the clients."""

    def __init__(
        self,
        document: Document,
        bot: Bot,
        limit: RateLimit | None,
        *,
        identify_in: IdentifyIn,
        log: Callable[[str], object] | None,
    ) -> None:
        self._document = document
        self._answers = Answers(document)
        self._bot = bot
        self._limit = limit
        self._identify_in: IdentifyIn = identify_in
        self._log = log
        self._visits = Visits()
        self._judged: dict[tuple[tuple[str, str] | None, CannedResponse], list[str]] = {}

    def answer(self, scope: Node, body: bytes) -> CannedResponse:
        """Return the answer to an ASGI request, checked against the spec unless it is off it on purpose."""
        operation = self._document.operation_at(scope["method"].lower(), scope["path"])
        draft = self._decide(operation, scope, body) if operation else not_found(self._document, scope["path"])
        draft = draft.of_bot(self._bot.bot_id)
        if faults := self._faults_of(operation, draft):
            draft = Refusal.SERVER_ERROR.answer(f"the sandbox's own answer breaks the spec, {'; '.join(faults)}")
        if self._log is not None:
            path = self._document.base_path + operation.key[1] if operation else self._document.shown(scope["path"])
            self._log(log_line(time.strftime("%H:%M:%S"), scope["method"], path, draft))
        return draft

    def _faults_of(self, operation: SpecOperation | None, draft: CannedResponse) -> list[str]:
        """Return the faults of an answer; the same answer is judged once, since judging takes half of a call's time."""
        key = (operation.key if operation else None, draft)
        if key not in self._judged:
            if len(self._judged) >= _MOST_JUDGED:
                self._judged.clear()
            self._judged[key] = [] if draft.off_spec else [*answer_faults(self._document, operation, draft)]
        return self._judged[key]

    def _decide(self, operation: SpecOperation, scope: Node, body: bytes) -> CannedResponse:
        if self._limit and (too_many := self._limit.refusal(self._bot.bot_id)):
            return too_many
        headers: dict[str, str] = {}
        for name, value in ((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]):
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        parsed = read(self._document, operation, headers, scope["query_string"].decode("latin-1"), body)
        refusal = refused(parsed, self._bot, self._document, identify_in=self._identify_in)
        return refusal or self._respond(parsed)

    def _respond(self, parsed: ParsedRequest) -> CannedResponse:
        trouble = self._visits.trouble(parsed)
        gifts = gifts_of_trigger(parsed.body) if trouble else None
        if gifts is None and self._document.asks_for_a_client(parsed.operation):
            gifts, trouble = self._gifts_of(parsed, trouble)
        if gifts is not None:
            gifts = self._answers.completed(GIFTS, Content(gifts, known=GIFT_MEMBERS)).payload
        ids = _IDS if "clientId" in parsed.body else TROUBLES
        return respond(parsed, self._answers, gifts=gifts, trouble=trouble or Trouble(), ids=ids)

    def _gifts_of(self, parsed: ParsedRequest, trouble: Trouble | None) -> tuple[Node | None, Trouble | None]:
        """Return a client's gifts, empty if its answer holds none, and the trouble of the answer."""
        client = sandbox_client_for(parsed.body)
        if client is None:
            return None, trouble
        answer = self._visits.next_of(client.answers, parsed, client.id)
        if answer.status == 200 and answer.body and is_json(answer.content_type) and not answer.off_spec:
            return json.loads(answer.body), trouble
        return {}, trouble or Trouble(answer)


_Receive = Callable[[], Awaitable[Any]]
_Send = Callable[[Any], Awaitable[None]]


def _asgi(service: _Service, slow_seconds: float) -> Callable[[Any, _Receive, _Send], Awaitable[None]]:
    async def application(scope: Any, receive: _Receive, send: _Send) -> None:
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message["body"]
            more = message["more_body"]
        answer = service.answer(scope, bytes(body))
        if answer.slow:
            await asyncio.sleep(slow_seconds)
        fields = [("content-type", answer.content_type), ("content-length", str(len(answer.body))), *answer.headers]
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        # An application that returns in the middle of a body makes uvicorn close the connection.
        sent = answer.body[: len(answer.body) // 2] if answer.cut_off else answer.body
        await send({"type": "http.response.body", "body": sent, "more_body": answer.cut_off})

    return application


class _Server(uvicorn.Server):
    """uvicorn in a thread of another program: it is silent, and stops at once when told to."""

    def __init__(self, application: Callable[[Any, _Receive, _Send], Awaitable[None]]) -> None:
        super().__init__(
            uvicorn.Config(
                application,
                loop="asyncio",
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=1,
            )
        )
        self.settled = threading.Event()

    def serve_on(self, listener: socket.socket) -> None:
        """Serve in the calling thread until `should_exit`; `settled` is set once serving has begun or failed."""
        silence = _Silence(threading.get_ident())
        loggers = [logging.getLogger(name) for name in _TALKATIVE]
        for logger in loggers:
            logger.addFilter(silence)
        try:
            self.run(sockets=[listener])
        finally:
            self.settled.set()
            for logger in loggers:
                logger.removeFilter(silence)

    def stop(self) -> None:
        """Make `serve_on` return soon; any thread may call this."""
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Set `settled` once connections are accepted."""
        await super().startup(sockets)
        self.settled.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drop the requests in flight, for which uvicorn would wait."""
        for server in self.servers:
            server.close()
        # asyncio takes some turns until a connection that was just accepted is known here.
        await asyncio.sleep(0.01)
        for connection in self.server_state.connections:
            cast("Any", connection).transport.abort()
        for task in self.server_state.tasks:
            task.cancel()
        await super().shutdown(sockets)


class _Silence(logging.Filter):
    """Keeps one thread's records out of the log, but for exceptions that are bugs of the sandbox."""

    def __init__(self, thread: int) -> None:
        super().__init__()
        self._thread = thread

    def filter(self, record: logging.LogRecord) -> bool:
        bug = record.exc_info is not None and isinstance(record.exc_info[1], Exception)
        return bug or record.thread != self._thread
