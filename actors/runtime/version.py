"""The one place where Tickwell's version stands."""

__version__ = "0.1.0"
