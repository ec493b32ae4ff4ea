"""The pytest plugin of `mantago`; a module of its own, since pytest loads it in every run.

It imports neither mantago nor httpx until a test asks for the fixture: a run that doesn't need them isn't slowed down,
and what a later `import mantago` does is still seen by a coverage measurement that began in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mantago.testing import FakeMantaGo


@pytest.fixture
def fake_mantago() -> FakeMantaGo:
    """Return a new `mantago.testing.FakeMantaGo`: a service in memory, the `transport` of a client."""
    from mantago.testing import FakeMantaGo  # noqa: PLC0415

    return FakeMantaGo()
