# Written by scripts/regenerate.py from openapi/; a change made here by hand is lost.
"""Contains methods for accessing the API"""
