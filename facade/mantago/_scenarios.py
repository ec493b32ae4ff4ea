"""Names under which version 0.1 pickled what the sandbox shows; nothing else imports them."""

from mantago.testing.scenarios import Answer, Card, PlatformId

__all__ = ["Answer", "Card", "PlatformId"]
