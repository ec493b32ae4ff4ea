"""A README for the package index, in which each link is an address, since the repository isn't there. For hatchling."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


def for_index(text: str, urls: Mapping[str, str]) -> str:
    """Return a README without the repository's pictures, and with links to addresses instead of to files.

    A page of the documentation is at the project's address "Documentation", a file at its "Repository". Where the
    project has no such address, the link's text stays.
    """
    pictureless = re.sub(r"^!\[[^]\n]*\]\((?!https://)[^)\n]*\)\n\n", "", text, flags=re.MULTILINE)

    def lead(found: re.Match[str]) -> str:
        page = re.fullmatch(r"docs/(.+)\.md", found[2])
        base = urls.get("Documentation" if page else "Repository", "").rstrip("/")
        place = f"{page[1]}.html" if page else f"blob/HEAD/{found[2]}"
        return f"[{found[1]}]({base}/{place})" if base else found[1]

    return re.sub(r"(?<!!)\[([^]]+)\]\((?!https://|#)([^)\s]+)\)", lead, pictureless)


class IndexReadme(MetadataHookInterface):
    """A hook of hatchling that writes the README into the metadata."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the description and its type."""
        text = (Path(self.root) / "README.md").read_text("utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": for_index(text, metadata.get("urls", {}))}
