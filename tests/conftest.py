"""What the tests share: a clean environment, clients of both kinds driven by one body, and the sandbox."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from types import ModuleType
from typing import Any

import httpx
import pytest

from mantago import AsyncMantaGo, ClientGifts, MantaGo, client
from mantago.testing.answers import Answers, Content
from mantago.testing.document import Document
from mantago_generated.spec import published

BOT_ID, TOKEN, SECRET = "1NbWoobyg", "token-of-the-tests", "secret-of-the-tests"
_BARE = Content({"success": True, "message": "Get client gifts successfully"})
GOOD: dict[str, Any] = Answers(Document(published())).completed("get_client_gifts", _BARE).payload
"""An answer without gifts; what a newer document requires beside them is made up."""
ENGINE = os.environ.get("TESTS_ENGINE", client.DEFAULT_ENGINE)
"""The engine of the clients that aren't given one: what the faults show of the usual one holds for the other too."""
client.DEFAULT_ENGINE = ENGINE


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    # pytest-cov's own marker, no_cover, doesn't stop the measuring in workers of pytest-xdist.
    measuring, of_threads = sys.gettrace(), threading.gettrace()
    if item.get_closest_marker("unmeasured"):
        sys.settrace(None)
        threading.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(measuring)
        threading.settrace(of_threads)


with suppress(ImportError):  # make docs and make integration do without
    import hypothesis

    # How long a machine that is busy takes is no property of what is tested.
    unhurried = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
    hypothesis.settings.register_profile("unhurried", **unhurried)
    hypothesis.settings.load_profile("unhurried")


class SyncDriver:
    """Calls a MantaGo."""

    flavour = "sync"

    def __init__(self, **options: Any) -> None:
        self.client: Any = MantaGo(**options)

    def get_client_gifts(self, **who: Any) -> ClientGifts:
        return self.client.get_client_gifts(**who)

    def operation(self, module: ModuleType, client: Any = None, **arguments: Any) -> Any:
        return module.sync_detailed(client=client or self.client.generated, **arguments)

    def request(self, method: str, url: str, **arguments: Any) -> httpx.Response:
        return self.client.generated.get_httpx_client().request(method, url, **arguments)

    def close(self) -> None:
        self.client.close()


class AsyncDriver:
    """Calls an AsyncMantaGo as if it were synchronous, in an event loop of its own."""

    flavour = "async"

    def __init__(self, **options: Any) -> None:
        self.runner = asyncio.Runner()
        self.client: Any = AsyncMantaGo(**options)

    def get_client_gifts(self, **who: Any) -> ClientGifts:
        return self.runner.run(self.client.get_client_gifts(**who))

    def operation(self, module: ModuleType, client: Any = None, **arguments: Any) -> Any:
        return self.runner.run(module.asyncio_detailed(client=client or self.client.generated, **arguments))

    def request(self, method: str, url: str, **arguments: Any) -> httpx.Response:
        return self.runner.run(self.client.generated.get_async_httpx_client().request(method, url, **arguments))

    def close(self) -> None:
        self.runner.run(self.client.aclose())
        self.runner.close()


Connect = Callable[..., Any]
"""Makes a driver; without credentials among the options, those of the tests are used. `clock` and `jitter` replace
what tells the time and what draws random numbers."""


@pytest.fixture(params=[SyncDriver, AsyncDriver], ids=lambda driver: driver.flavour)
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    drivers: list[Any] = []

    def connect_one(handler: Callable[[httpx.Request], Any] | None = None, **options: Any) -> Any:
        if handler is not None:
            options["transport"] = httpx.MockTransport(handler)
        if not options.keys() & {"bot_id", "token", "secret", "credentials"}:
            options |= {"bot_id": BOT_ID, "token": TOKEN, "secret": SECRET}
        decisions = {name: options.pop(name) for name in ("clock", "jitter") if name in options}
        driver = request.param(**options)
        for name, decide in decisions.items():
            setattr(driver.client._sending.sender.transport.calls, name, decide)
        drivers.append(driver)
        return driver

    yield connect_one
    for driver in drivers:
        driver.close()


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = {
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "no_proxy",
        "columns",
        "force_color",
        "no_color",
        "pythonioencoding",
    }
    for name in os.environ:
        if name.startswith("MANTAGO_") or name.lower() in ours:
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Any]:
    from mantago.sandbox import Sandbox

    with Sandbox() as running:
        yield running


@pytest.fixture
def account(sandbox: Any) -> dict[str, str]:
    """The options that connect a client to the sandbox."""
    return {name: getattr(sandbox, name) for name in ("base_url", "bot_id", "token", "secret")}
