"""What the tests of bulk runs on engines share."""

from __future__ import annotations

import os
from pathlib import Path

from mantago import MantaGo
from mantago.bulk import export

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "many-clients.md"
CLIENTS, PART_SIZE = [f"client-{number}" for number in range(10, 50)], 5


def nothing_is_lost_nor_there_twice(into: Path) -> bool:
    """Whether the parts are those of the list, all of them, and of nothing else."""
    with MantaGo(base_url=os.environ["MANTAGO_BASE_URL"]) as client:
        summary = export(CLIENTS, into, client=client, part_size=PART_SIZE)
    return (summary.status, summary.not_found, summary.calls) == ("done", len(CLIENTS), 0)
