"""The command line (extra `cli`)."""

from mantago.cli.app import main

__all__ = ["main"]
