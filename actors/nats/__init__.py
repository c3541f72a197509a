"""NATS: what its subjects are called, and one connection to it.

Its client speaks asyncio, and lives on an island of its own (`island.py`): all of it stays there, and whoever
needs it crosses over once per batch.
"""
