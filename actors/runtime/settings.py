"""What the settings hold: one frozen struct per section of `settings.ini`, with its ranges.

`actors/runtime/ini.py` reads the file and the environment into these. A default here is what a
missing key means; the unit is the last part of a key's name.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

Word: TypeAlias = Annotated[str, Meta(min_length=1)]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=1_000_000)]
Level: TypeAlias = Literal["debug", "info", "warning", "error"]


class SupervisorSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`[supervisor]`: how failures are retried, and how long a stop may take."""

    max_retries: Count = 0
    reconnect_delay_s: Annotated[float, Meta(gt=0, le=3600)] = 1.0
    reconnect_delay_max_s: Annotated[float, Meta(gt=0, le=3600)] = 30.0
    shutdown_grace_s: Annotated[float, Meta(gt=0, le=300)] = 5.0
    log_level: Level = "info"


class MarketSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`[market]`: how often the picture is sent, when a price stops being current, and what is kept."""

    snapshot_interval_s: Annotated[float, Meta(ge=0.1, le=1.0)] = 0.2
    stale_after_min_s: Annotated[float, Meta(ge=1, le=3600)] = 5.0
    stale_after_max_s: Annotated[float, Meta(ge=1, le=3600)] = 60.0
    listing_refresh_s: Annotated[float, Meta(ge=10, le=86_400)] = 900.0
    websocket: Literal["batched", "plain"] = "batched"
    read_coalesce_ms: Annotated[float, Meta(ge=0, le=50)] = 6.0
    book_depth: Annotated[int, Meta(ge=1, le=200)] = 50
    book_grace_s: Annotated[float, Meta(ge=1, le=3600)] = 60.0
    books_max: Annotated[int, Meta(ge=1, le=1000)] = 200
    trades_kept: Annotated[int, Meta(ge=10, le=10_000)] = 500
    bars_kept: Annotated[int, Meta(ge=10, le=10_000)] = 500
    bar_grace_s: Annotated[float, Meta(ge=0, le=60)] = 2.0


class WebSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`[web]`: where the hub listens, who may control it, and what one client may cost."""

    host: Word = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535)] = 8765
    tls_certificate: str = ""
    tls_key: str = ""
    control_token: str = ""
    allowed_origins: tuple[str, ...] = ()
    clients_max: Annotated[int, Meta(ge=1, le=100_000)] = 10_000
    client_stall_s: Annotated[float, Meta(gt=0, le=300)] = 3.0
    compression: bool = True


class DataSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`[data]`: where Tickwell keeps what it writes."""

    directory: Word = "data"


class ExchangeSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`[exchange:NAME]`: what is followed of each market, and other addresses than the exchange's own.

    `linear` and `spot` hold symbols, `*` for everything tradable, or `top:N` by turnover of 24 hours;
    empty leaves the market out. `linear_books` and `spot_books` say the same about order books, of what is
    followed; all other books are followed while somebody watches them.
    """

    enabled: bool = True
    linear: tuple[str, ...] = ()
    spot: tuple[str, ...] = ()
    trades: bool = True
    liquidations: bool = True
    linear_books: tuple[str, ...] = ()
    spot_books: tuple[str, ...] = ()
    linear_stream_url: str = ""
    linear_rest_url: str = ""
    spot_stream_url: str = ""
    spot_rest_url: str = ""

    def symbols(self, market: str) -> tuple[str, ...]:
        """The symbols wanted of one market."""
        return self.linear if market == "linear" else self.spot

    def books(self, market: str) -> tuple[str, ...]:
        """The order books of one market that are followed whether or not somebody watches them."""
        return self.linear_books if market == "linear" else self.spot_books

    def stream_url(self, market: str) -> str:
        """Another address for the market's streams; empty means the exchange's own."""
        return self.linear_stream_url if market == "linear" else self.spot_stream_url

    def rest_url(self, market: str) -> str:
        """Another address for the market's REST interface; empty means the exchange's own."""
        return self.linear_rest_url if market == "linear" else self.spot_rest_url


class Settings(Struct, frozen=True):
    """Everything that a run of Tickwell is told."""

    supervisor: SupervisorSettings
    market: MarketSettings
    web: WebSettings
    data: DataSettings
    exchanges: dict[str, ExchangeSettings]
