"""Puts the published document, and what is imported by name, into an application: models, operations and parsers."""

from importlib.resources import files
from importlib.util import find_spec
from pkgutil import walk_packages

import mantago_generated
import mantago_runtime

datas = [(str(files("mantago_generated") / "openapi.json"), "mantago_generated")]
hiddenimports = [name for name in ("orjson", "msgspec") if find_spec(name)]
for package in (mantago_generated, mantago_runtime):
    hiddenimports += [module.name for module in walk_packages(package.__path__, f"{package.__name__}.")]
