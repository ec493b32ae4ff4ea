"""Draw the output of `mantago gifts` for the README.

python scripts/picture.py     writes docs/gifts.svg anew
"""

from __future__ import annotations

import html
import io
import json
import re
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console

from mantago import ClientGifts
from mantago.cli.tables import show_gifts
from mantago.testing.scenarios import CLIENTS

PICTURE = Path(__file__).parent.parent / "docs" / "gifts.svg"
WIDTH = 80
FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Noto Sans Mono CJK TC', monospace"


def draw() -> str:
    """Return the picture; the same version of rich draws the same picture on every machine."""
    client, *_ = CLIENTS
    gifts = ClientGifts.from_dict(json.loads(client.answers[0].body))
    console = Console(
        record=True,
        width=WIDTH,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        highlight=False,
        legacy_windows=False,
        _environ={},
    )
    console.print(f"[green]$[/] mantago gifts --client-id {client.id} --utc\n")
    show_gifts(console, gifts, client.id, utc=True)
    drawn = console.export_svg(title="mantago gifts", unique_id="gifts")
    # The reader's own fonts are used: a picture in a page may fetch none.
    drawn = re.sub(r"\s*@font-face \{.*?\}(?=\n)", "", drawn, flags=re.DOTALL)
    drawn = drawn.replace("Fira Code, monospace", FONTS)
    return re.sub(r'textLength="([0-9.]+)"([^>]*)>([^<]*)<', _wide, drawn)


def _wide(found: re.Match[str]) -> str:
    """Give a text the width of its cells: rich takes that of its characters, and squeezes Chinese to one half."""
    text = html.unescape(found[3])
    length = float(found[1]) / len(text) * (cell_len(text) or len(text))
    return f'textLength="{length:.1f}"{found[2]}>{found[3]}<'


if __name__ == "__main__":
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(draw(), "utf-8", newline="\n")
