"""The README's picture shows what `mantago gifts` shows today."""

import importlib.metadata
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from rich.cells import cell_len

import picture
from index_readme import IndexReadme, for_index

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
    metadata: dict[str, Any] = {"urls": {"Documentation": "https://a.example/", "Repository": "https://b.example/r"}}
    IndexReadme(str(ROOT), {}).update(metadata)
    described = metadata["readme"]["text"]
    assert metadata["readme"]["content-type"] == "text/markdown"
    pictures = [line for line in readme.splitlines() if line.startswith("![")]
    assert [line.partition("](")[2] for line in pictures] == ["docs/gifts.svg)"]
    assert pictures[0] not in described
    assert for_index("![x](https://a.example/b.svg)\n\ny ![z](b.svg)\n\n", {}).count("![") == 2
    assert "](https://a.example/tutorial.html)" in described
    assert not re.findall(r"\]\((?!https://)", described)


@pytest.mark.parametrize(
    ("urls", "links"),
    [
        ({}, "page, the\nfile, [far](https://c.example), [above](#install)"),
        (
            {"Documentation": "https://a.example", "Repository": "https://b.example/"},
            (
                "[page](https://a.example/how-to/async.html), [the\nfile](https://b.example/blob/HEAD/SECURITY.md), "
                "[far](https://c.example), [above](#install)"
            ),
        ),
    ],
)
def test_the_package_index_gets_addresses_for_links_or_no_links(urls, links):
    text = "[page](docs/how-to/async.md), [the\nfile](SECURITY.md), [far](https://c.example), [above](#install)"
    assert for_index(text, urls) == links
