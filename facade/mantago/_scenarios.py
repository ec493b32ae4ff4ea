"""Names under which version 0.1 pickled what the sandbox shows; nothing else imports them."""

from mantago.testing.refusals import CannedResponse as Answer
from mantago.testing.scenarios import PlatformId
from mantago.testing.scenarios import SandboxClient as Card

__all__ = ["Answer", "Card", "PlatformId"]
