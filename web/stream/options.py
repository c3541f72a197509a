"""What can be asked of a channel: the parameters of `subscribe` as typed structs, one for each channel.

The struct of a channel is the only place that tells its parameters, their bounds and defaults. All become one
`Options`, whose equals share their frames.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Literal, TypeAlias, get_args

import msgspec
from msgspec import Meta, Struct, structs

from actors.market.screener import LIMIT_MAX, SORT
from web.api.tape import Interval

Channel: TypeAlias = Literal[
    "ticker", "quote", "trades", "book", "bars", "liquidations", "funding", "spreads", "screener", "quality",
    "derived", "system", "alerts",
]  # fmt: skip
CHANNELS: tuple[Channel, ...] = get_args(Channel)
RATE_HZ_MAX = 100.0
DEPTH_MAX = 200
SELECTOR_CHARACTERS_MAX = 100
FIELDS_MAX = 100
UNMERGED: tuple[Channel, ...] = (
    "trades",
    "book",
    "liquidations",
    "screener",
    "system",
    "alerts",
)  # never told in part

Selectors: TypeAlias = Annotated[
    tuple[Annotated[str, Meta(min_length=1, max_length=SELECTOR_CHARACTERS_MAX)], ...],
    Meta(
        min_length=1,
        description="Keys like `bybit:linear:BTCUSDT`, whose parts may hold `*` and `?`; symbols or names "
        "alone; `top:20`, `bybit:linear:top:20`.",
    ),
]
FieldNames: TypeAlias = Annotated[
    tuple[Annotated[str, Meta(min_length=1, max_length=64)], ...],
    Meta(
        min_length=1,
        max_length=FIELDS_MAX,
        description="Only these fields of each record, and `key`; all if `null`.",
    ),
]
RateHz: TypeAlias = Annotated[
    float,
    Meta(ge=0, le=RATE_HZ_MAX, description="At most so many frames per second; 0: as soon as the hub knows."),
]
Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64)]


class Position(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a client was: `offset` of the last frame that it had, in the run of the hub named `epoch`."""

    epoch: Annotated[str, Meta(min_length=1, max_length=64)]
    offset: Annotated[int, Meta(ge=0)]


class Params(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every channel can be asked."""

    channel: Annotated[Channel, Meta(description="What the records tell.")]
    snapshot: Annotated[bool, Meta(description="Begin with what is known now.")] = True
    max_rate_hz: RateHz = 0.0
    fields: FieldNames | None = None
    changes_only: Annotated[
        bool, Meta(description="Updates hold only `key` and the fields that changed.")
    ] = False
    resume: Annotated[
        Position | None, Meta(description="Where the last frame was: go on from there if that is possible.")
    ] = None


class SymbolParams(Params, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A channel of instruments."""

    symbols: Selectors = ("*",)


class BookParams(SymbolParams, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`book`."""

    depth: Annotated[int, Meta(ge=1, le=DEPTH_MAX, description="Levels per side.")] = 50
    grouping: (
        Annotated[
            float,
            Meta(
                ge=1e-10,
                le=1e9,
                description="The width of a price level; `null` for the levels of the exchange.",
            ),
        ]
        | None
    ) = None


class BarsParams(SymbolParams, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`bars`."""

    interval: Annotated[Interval, Meta(description="The length of a bar.")] = "1m"


class SpreadsParams(Params, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`spreads`."""

    bases: Annotated[
        tuple[Name, ...], Meta(max_length=1000, description="Of these coins only; empty for all.")
    ] = ()
    quote: Annotated[
        str, Meta(max_length=16, description="Of this group of quotes only; `USD` is all dollars.")
    ] = ""
    legs_min: Annotated[int, Meta(ge=1, le=20, description="At least so many instruments.")] = 2
    limit: Annotated[int, Meta(ge=1, le=1000, description="At most so many assets.")] = 100


class ScreenerParams(Params, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`screener`."""

    filter: Annotated[
        str, Meta(max_length=1000, description="A condition; every live instrument if empty.")
    ] = ""
    sort: Annotated[
        str,
        Meta(max_length=300, description="Fields separated by commas; `-` before one: the greatest first."),
    ] = SORT
    limit: Annotated[int, Meta(ge=1, le=LIMIT_MAX, description="At most so many records.")] = 100


PARAMS: dict[Channel, type[Params]] = dict.fromkeys(CHANNELS, SymbolParams) | {
    "book": BookParams,
    "bars": BarsParams,
    "spreads": SpreadsParams,
    "screener": ScreenerParams,
    "system": Params,
    "alerts": Params,
}


class Options(Struct, frozen=True, kw_only=True):
    """What a subscription shows. Hashable: those with equal options share their frames.

    `symbols` are selectors, each once and sorted, with exchange and market in lower case; empty for channels
    without symbols. `fields` are sorted and without `key`, `None` for all. What does not belong to the
    channel keeps its default. `grouping` is in quote units, `interval` one of `web.api.tape.INTERVALS`.
    """

    channel: Channel
    symbols: tuple[str, ...] = ()
    fields: tuple[str, ...] | None = None
    changes_only: bool = False
    depth: int = 50
    grouping: float | None = None
    interval: Interval = "1m"
    bases: tuple[str, ...] = ()
    quote: str = ""
    legs_min: int = 2
    filter: str = ""
    sort: str = SORT
    limit: int = 100

    def told(self) -> dict[str, Any]:
        """The options as `subscriptions` tells them: those that belong to the channel."""
        return {
            name: getattr(self, name)
            for name in PARAMS[self.channel].__struct_fields__
            if hasattr(self, name)
        }


def options_of(params: Params, **normalised: Any) -> Options:
    """Options from parameters that were checked, with `normalised` in place of what was written."""
    given = {name: value for name, value in structs.asdict(params).items() if name in _OPTIONS}
    return Options(**{**given, **normalised})


_OPTIONS = frozenset(Options.__struct_fields__)


@cache
def schemas(kind: type[Struct]) -> dict[str, dict[str, Any]]:
    """The JSON schema of every parameter by its name; `null` and nested shapes are left as they are."""
    _, components = msgspec.json.schema_components([kind], ref_template="{name}")
    properties: dict[str, dict[str, Any]] = components[kind.__name__]["properties"]
    return properties
