# Written by scripts/regenerate.py from openapi/ and facade/names.overlay.yaml; a change made here is lost.
"""The type that the detailed functions of the operations return."""

from mantago_runtime.calls.generated import Response as Response

__all__ = ["Response"]
