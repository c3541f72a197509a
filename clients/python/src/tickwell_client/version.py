"""The version of this package, which is also told to the hub."""

from __future__ import annotations

__version__ = "0.1.0"
