"""What Schemathesis cannot know: words that a schema describes as text, and that mean something.

Where it makes up a request that should be good, made-up text is replaced by text that is. What should be
refused stays as it was made up.
"""

from __future__ import annotations

from typing import Any

import schemathesis
from schemathesis import Case, HookContext
from schemathesis.generation import GenerationMode

TIMES = ("-15m", "-2h", "2025-12-23T21:00:00Z", "1766523600000")
LENGTHS = ("1m", "15m", "24h", "7d")
WORDS: dict[str, tuple[str, ...]] = {
    "from": TIMES,
    "to": ("2037-01-01T00:00:00Z", "2145916800000"),
    "every": LENGTHS,
    "window": LENGTHS,
    "slice": ("15m", "1h", "24h"),
    "filter": ("price > 0", "change_24h < 1 and quote = USDT", "not name ~ BTC"),
    "sort": ("-price", "exchange,-turnover_24h", "key"),
}
KEYS = ("bybit:linear:BTCUSDT", "*:linear:ETH*", "BTC-USDT", "SOLUSDT")
CHANGE: dict[str, Any] = {"note": "changed", "severity": None}
RESERVED = ("history", "notifiers", "preview", "test")  # addresses, so no rule can be called so
LISTS = ("symbols", "bases")
FIELDS = ("price", "bid", "funding_rate", "spread_bps")


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Give meaning to what should be accepted."""
    if case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE:
        return
    query = case.query or {}
    # A cursor is the hub's own word about one question; the tests of paging are about it.
    query.pop("cursor", None)
    for name in WORDS.keys() & query.keys():
        if query[name]:
            query[name] = chosen(WORDS[name], query[name])
    if (case.path_parameters or {}).get("name") in RESERVED:
        case.path_parameters["name"] = "btc-above-100k"
    if case.operation.method == "patch":
        case.body = CHANGE  # the schema says no more than that it is an object
    elif isinstance(case.body, dict) and "when" in case.body:
        case.body = meaningful(case.body, case.path_parameters or {})


@schemathesis.hook
def filter_query(context: HookContext, query: dict[str, Any] | None) -> bool:
    """Leave out what is wrong in a schema's eyes only: in a URL, a number is a list of one name, what is
    empty is not there, and a name with a comma is two."""
    return not any(
        value in ({}, []) or (name in LISTS and is_read_otherwise(value))
        for name, value in (query or {}).items()
    )


def is_read_otherwise(names: object) -> bool:
    """Whether a URL makes something else of a list."""
    return isinstance(names, int | float) or any(
        "," in str(name) for name in (names if isinstance(names, list) else [names])
    )


def chosen(words: tuple[str, ...], made_up: object) -> str:
    """One of the words, always the same for the same text."""
    return words[sum(str(made_up).encode("utf-8", "surrogatepass")) % len(words)]


def meaningful(rule: dict[str, Any], path: dict[str, Any]) -> dict[str, Any]:
    """An alert rule with instruments, notifiers, fields and hours that there are."""
    rule = {**rule, **({"name": path["name"]} if "name" in path else {})}
    rule["keys"] = sorted({chosen(KEYS, each) for each in rule["keys"]})
    rule["notify"] = []  # this hub has no notifiers
    rule["note"] = "".join(letter for letter in rule.get("note", "") if letter.isprintable())
    if "field" in rule["when"]:
        rule["when"] = {**rule["when"], "field": chosen(FIELDS, rule["when"]["field"])}
    if "bars" in rule["when"]:
        # A schema's 60 is also 60.0; the hub wants a whole number written as one.
        rule["when"] = {**rule["when"], "bars": int(rule["when"]["bars"])}
    if rule["when"]["kind"] == "quality":
        rule["hysteresis"] = 0
    if isinstance(rule.get("schedule"), dict):
        rule["schedule"] = {**rule["schedule"], "from_hour": 8, "to_hour": 20}
    return rule
