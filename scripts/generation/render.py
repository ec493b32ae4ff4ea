"""Code as text: the templates of generated/templates/, filled."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import DictLoader, Environment, FileSystemLoader, StrictUndefined

from generation.text import docstring, literal

HEADER = "# Written by scripts/regenerate.py from openapi/ and facade/names.overlay.yaml; a change made here is lost.\n"


def renderer(folder: Path) -> Environment:
    """Return an environment that fills the templates of a folder."""
    # Python is written, not HTML; every text of a document goes through `literal` or `docstring`.
    environment = Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701
    )
    environment.filters |= {"literal": literal, "docstring": docstring}
    return environment


def stock(template: str, text: str, context: Mapping[str, Any]) -> str:
    """Return the text that one of the generator's own templates gives."""
    environment = Environment(
        loader=DictLoader({template: text}),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701
        extensions=["jinja2.ext.loopcontrols"],
    )
    return environment.get_template(template).render(context)
