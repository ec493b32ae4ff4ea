"""Secrets: credentials, how they are renewed, and how they are kept out of sight."""
