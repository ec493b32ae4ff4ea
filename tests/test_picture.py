"""The README's picture shows what `mantago gifts` shows today."""

import importlib.metadata
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from rich.cells import cell_len

import picture
from index_readme import IndexReadme, without_pictures

ROOT = Path(__file__).parent.parent
PINNED = (ROOT / "requirements" / "dev.txt").read_text("utf-8")
RICH = importlib.metadata.version("rich")


@pytest.mark.skipif(f"\nrich=={RICH} " not in PINNED, reason="another rich draws the same otherwise")
def test_the_picture_is_up_to_date(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "40")
    assert picture.PICTURE.read_text("utf-8") == picture.draw(), "draw it anew: python scripts/picture.py"


def test_each_text_is_as_wide_as_its_cells_and_nothing_is_fetched():
    drawn = picture.draw()
    texts = [
        text for text in ET.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text") if (text.text or "").strip("\n")
    ]
    widths = {float(text.attrib["textLength"]) / cell_len(text.text) for text in texts if "textLength" in text.attrib}
    assert {round(width, 1) for width in widths} == {12.2}
    assert any("不鏽鋼保溫杯" in text.text for text in texts)
    assert "font-face" not in drawn
    assert not re.search(r"url\((?!#)", drawn)


def test_the_readme_shows_the_picture_but_the_package_index_has_no_file_to_show():
    readme = (ROOT / "README.md").read_text("utf-8")
    metadata: dict[str, Any] = {}
    IndexReadme(str(ROOT), {}).update(metadata)
    described = metadata["readme"]["text"]
    assert metadata["readme"]["content-type"] == "text/markdown"
    lost = [line for line in readme.splitlines() if line not in described.splitlines()]
    assert [line.partition("](")[2] for line in lost] == ["docs/gifts.svg)"]
    assert len(readme) - len(described) == len(lost[0]) + 2
    assert without_pictures("![x](https://a.example/b.svg)\n\ny ![z](b.svg)\n\n").count("![") == 2
