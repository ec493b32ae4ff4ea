"""Give the package index the README without its pictures: their files aren't there. Run by hatchling."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


def without_pictures(text: str) -> str:
    """Return a README without the paragraphs that are a picture of the repository's."""
    return re.sub(r"^!\[[^]\n]*\]\((?!https://)[^)\n]*\)\n\n", "", text, flags=re.MULTILINE)


class IndexReadme(MetadataHookInterface):
    """Writes the description into the metadata."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the description and its type."""
        text = (Path(self.root) / "README.md").read_text("utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": without_pictures(text)}
