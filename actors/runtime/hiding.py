"""Which values may be shown: what may be a secret, by its name, is not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches

SECRETS = {"control_token", "url", "hash", "secret"}
HIDDEN = "(hidden)"

_SECRET_WORD = re.compile("token|secret|passw")


def shown(name: str, value: str) -> str:
    """The value, unless it may be a secret under a name that is misspelled or misplaced."""
    word = name.lower()
    similar = get_close_matches(word[-max(map(len, SECRETS)) :], SECRETS, n=1)
    return HIDDEN if similar or _SECRET_WORD.search(word) else value


def without_secrets(text: str, values: Mapping[str, str]) -> str:
    """Words of somebody else's about these values, without those among them that may be secrets."""
    for name, value in values.items():
        if value and shown(name, value) != value:
            text = text.replace(value, HIDDEN)
    return text
