"""The options that the URL of a server may have: what is wrong with them, in words."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from urllib.parse import parse_qs


def problems_of_options(query: str, known: Collection[str], server: str) -> list[str]:
    """What a user must mend. `server` is its name, such as Redis."""
    options = parse_qs(query, keep_blank_values=True)
    unknown = sorted(set(options) - set(known))
    problems = [f"the URL of {server} has the unknown option {name}" for name in unknown]
    roots = options.get("tls_roots")
    if roots and not Path(roots[-1]).is_file():
        problems.append(f"tls_roots of the URL of {server} is no file: {roots[-1]}")
    return problems
