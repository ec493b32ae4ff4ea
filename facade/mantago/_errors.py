"""Names under which version 0.1 pickled its errors; nothing else imports them."""

from mantago_runtime.errors import _unpickled
from mantago_runtime.mappings import Headers, ReadOnlyMapping

__all__ = ["Headers", "ReadOnlyMapping", "_unpickled"]
