# Written by scripts/regenerate.py from openapi/; a change made here by hand is lost.
"""Contains endpoint functions for accessing the API"""
