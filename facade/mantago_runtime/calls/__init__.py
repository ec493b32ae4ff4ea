"""Calls: requests are signed, sent within a deadline, sent again where they may be, and their answers parsed."""
