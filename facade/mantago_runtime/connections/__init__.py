"""Connections: the pool of a client, and the network below it."""
