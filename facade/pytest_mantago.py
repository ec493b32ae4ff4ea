"""The pytest plugin of `mantago`; a module of its own, since pytest loads it in every run.

It imports neither mantago nor httpx until a test asks for the fixture. So it doesn't slow down other runs, and a
coverage measurement that begins later still sees what `import mantago` does.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mantago.testing import FakeMantaGo


@pytest.fixture
def fake_mantago() -> FakeMantaGo:
    """Return a new `mantago.testing.FakeMantaGo`: a service in memory, the `transport` of a client."""
    from mantago.testing import FakeMantaGo  # noqa: PLC0415

    return FakeMantaGo()


@pytest.hookimpl(hookwrapper=True)
def pytest_fixture_setup(fixturedef: Any) -> Generator[None, Any, None]:
    """Put a transport of httpx's below every client as long as pytest-httpx replaces what such transports do."""
    outcome = yield
    if fixturedef.argname == "httpx_mock" and outcome.excinfo is None:
        # Added last, it runs first: nothing of this is left when the mock goes.
        fixturedef.addfinalizer(_put_httpx_below_clients())


def _put_httpx_below_clients() -> Callable[[], None]:
    """Have clients without a transport send through httpx; return what ends that."""
    import httpcore  # noqa: PLC0415
    import httpx  # noqa: PLC0415
    from attrs import evolve  # noqa: PLC0415

    from mantago_runtime.calls.io_backend import async_io_backend, sync_io_backend  # noqa: PLC0415
    from mantago_runtime.calls.transports import AsyncTransport, SyncTransport  # noqa: PLC0415
    from mantago_runtime.concurrency import maybe_await  # noqa: PLC0415
    from mantago_runtime.connections.tls import tls_context  # noqa: PLC0415

    patch = pytest.MonkeyPatch()

    def replace(stack: Any, make_io: Any, transport: Any) -> None:
        current = stack._current  # noqa: SLF001 - this is a part of it, kept out of production

        def mocked(self: Any) -> Any:
            io = current(self)
            if self._below is not None:
                return io
            url = self.calls.policy.base_url
            tls = tls_context(httpcore.Origin(url.raw_scheme, url.raw_host, url.port or 443), self._network.ssl_context)
            below = make_io(transport(verify=tls or False, proxy=self._network.proxy, trust_env=False))

            async def done(response: Any, connection: Any) -> None:
                await maybe_await(below.done(response, connection))
                await maybe_await(below.shut())  # what the mock let through has made a connection

            return evolve(below, done=done, acquire=io.acquire, release=io.release)

        patch.setattr(stack, "_current", mocked)

    replace(SyncTransport, sync_io_backend, httpx.HTTPTransport)
    replace(AsyncTransport, async_io_backend, httpx.AsyncHTTPTransport)
    return patch.undo
