"""Puts the published document, and the parsers that are imported by name, into an application."""

from importlib.resources import files
from importlib.util import find_spec

datas = [(str(files("mantago_generated") / "openapi.json"), "mantago_generated")]
hiddenimports = [name for name in ("orjson", "msgspec") if find_spec(name)]
