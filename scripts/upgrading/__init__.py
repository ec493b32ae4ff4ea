"""Upgrading: taking over a new version of the document, and telling a reviewer what it changes."""
