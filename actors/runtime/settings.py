"""What the settings hold: one frozen struct per section of `settings.ini`, with its ranges.

`actors/runtime/ini.py` reads the file and the environment into these. A default here is what a
missing key means; the unit is the last part of a key's name.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from actors.runtime.settings_bus import BusSettings
from actors.runtime.settings_plugins import PluginSettings

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
    log_format: Literal["text", "logfmt", "json"] = "text"


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
    public_read: bool = True
    allowed_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    requests_per_s: Annotated[float, Meta(gt=0, le=100_000)] = 50.0
    requests_burst: Annotated[int, Meta(ge=1, le=1_000_000)] = 300
    control_per_minute: Annotated[float, Meta(gt=0, le=100_000)] = 30.0
    connections_per_address_max: Annotated[int, Meta(ge=1, le=100_000)] = 2000
    clients_max: Annotated[int, Meta(ge=1, le=100_000)] = 10_000
    client_stall_s: Annotated[float, Meta(gt=0, le=300)] = 3.0
    compression: bool = True


SCOPES = ("read", "control")


class TokenSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`[token:NAME]`: whoever has the token that this is the hash of may do so much, until then.

    `control` includes `read`. `expires` is a date or a time in RFC 3339; empty is never.
    """

    hash: str = ""
    scopes: tuple[str, ...] = ("read",)
    expires: str = ""


class StreamSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`[stream]`: what the clients of `/ws` may ask, in all and each, and how far back they may resume.

    `symbols_max` counts selectors of one subscription, `ring_trades` the newest trades of all instruments.
    """

    connections_max: Annotated[int, Meta(ge=1, le=100_000)] = 10_000
    connections_per_address_max: Annotated[int, Meta(ge=1, le=100_000)] = 2000
    subscriptions_max: Annotated[int, Meta(ge=1, le=10_000)] = 256
    symbols_max: Annotated[int, Meta(ge=1, le=10_000)] = 1000
    messages_per_s: Annotated[float, Meta(ge=1, le=1000)] = 20.0
    message_bytes_max: Annotated[int, Meta(ge=1024, le=65_536)] = 65_536
    ring_trades: Annotated[int, Meta(ge=100, le=10_000_000)] = 100_000


class DataSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`[data]`: where Tickwell keeps what it writes."""

    directory: Word = "data"


class SinkSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every `[sink:NAME]` has: how often rows are written, and what waits on disk while they cannot be.

    `history_interval_s` is how often a ticker is kept per instrument; 0 keeps every change.
    """

    enabled: bool = False
    history_interval_s: Annotated[float, Meta(ge=0, le=86_400)] = 1.0
    flush_interval_s: Annotated[float, Meta(ge=0.1, le=60)] = 1.0
    batch_rows: Annotated[int, Meta(ge=10, le=100_000)] = 5000
    outbox_mb_max: Annotated[int, Meta(ge=1, le=1_000_000)] = 1024
    outbox_days_max: Annotated[float, Meta(gt=0, le=3650)] = 7.0


Days: TypeAlias = Annotated[float, Meta(ge=0, le=36_500)]


class HistorySettings(SinkSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[sink:history]`: the embedded history, and how many days of each table it keeps; 0 = for ever."""

    enabled: bool = True
    ticks_days: Days = 7.0
    tick_minutes_days: Days = 30.0
    trades_days: Days = 7.0
    bars_minute_days: Days = 90.0
    bars_hour_days: Days = 0.0
    bars_day_days: Days = 0.0
    liquidations_days: Days = 365.0
    funding_days: Days = 365.0
    gaps_days: Days = 365.0
    mb_max: Annotated[int, Meta(ge=0, le=100_000_000)] = 8192


class QuestDBSettings(SinkSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[sink:questdb]`: a QuestDB server beside the hub, such as `http://admin:secret@127.0.0.1:9000`."""

    url: str = ""


class RedisSettings(SinkSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[sink:redis]`: a Redis beside the hub, such as `redis://:secret@127.0.0.1:6379/0`.

    Keys of `bare_exchange` do not carry its name. Every key is kept so many days after it was last written;
    0 = for ever. `timeseries_interval_s` is how often a row is kept for the day; 0 keeps every row.
    """

    url: str = ""
    bare_exchange: str = ""
    history_rows: Annotated[int, Meta(ge=1, le=100_000)] = 1000
    timeseries_interval_s: Annotated[float, Meta(ge=0, le=86_400)] = 10.0
    latest_days: Days = 1.0
    history_days: Days = 7.0
    timeseries_days: Days = 2.0
    stats_days: Days = 7.0


class NatsSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`[sink:nats]`: a NATS beside the hub that hands live prices on, such as
    `nats://:secret@127.0.0.1:4222`.

    Subjects of `bare_exchange` do not carry its name. A price that does not change is told again after
    `repeat_interval_s`; 0 = never.
    """

    enabled: bool = False
    url: str = ""
    bare_exchange: str = ""
    repeat_interval_s: Annotated[float, Meta(ge=0, le=86_400)] = 10.0


class AlertsSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`[alerts]`: how many rules there may be in all, how much is remembered, and what may wait to be sent.

    `stale_grace_s` is how long all data of a rule is stale before that is told.
    """

    enabled: bool = True
    rules_max: Annotated[int, Meta(ge=1, le=100_000)] = 1000
    history_rows: Annotated[int, Meta(ge=100, le=10_000_000)] = 10_000
    waiting_max: Annotated[int, Meta(ge=1, le=1_000_000)] = 1000
    stale_grace_s: Annotated[float, Meta(ge=0, le=86_400)] = 30.0


class AlertSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`[alert:NAME]`: one rule, as it is written. `actors/market/alerts/rules.py` says what the keys mean."""

    keys: tuple[str, ...] = ()
    kind: Word = "above"
    enabled: bool = True
    field: str = ""
    value: str = ""
    percent: str = ""
    window_s: str = ""
    direction: str = ""
    measure: str = ""
    side: str = ""
    deviations: str = ""
    interval: str = ""
    bars: str = ""
    channel: str = ""
    states: tuple[str, ...] = ()
    for_s: str = ""
    hysteresis: str = ""
    cooldown_s: str = ""
    from_hour: str = ""
    to_hour: str = ""
    weekdays: tuple[str, ...] = ()
    severity: str = ""
    note: str = ""
    notify: tuple[str, ...] = ()
    notify_on: tuple[str, ...] = ()


class NotifierSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`[notifier:NAME]`: who is told of alerts. `secret` is what signs a webhook, the token of a Telegram
    bot, or the password of a mail server; `secret_file` names a file that holds it.

    A webhook has `url`; Telegram `chat_id`, and its own `url`; a mail server `host`, `port`, `security`,
    `user`, `sender` and `recipients`.
    """

    kind: Literal["webhook", "telegram", "email"] = "webhook"
    url: str = ""
    secret: str = ""
    secret_file: str = ""
    chat_id: str = ""
    host: str = ""
    port: Annotated[int, Meta(ge=1, le=65_535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    sender: str = ""
    recipients: tuple[str, ...] = ()
    per_minute: Annotated[float, Meta(gt=0, le=6000)] = 20.0
    give_up_after_s: Annotated[float, Meta(ge=1, le=2_592_000)] = 86_400.0


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
    """Everything that a run of Tickwell is told. Without a file, nothing is kept."""

    supervisor: SupervisorSettings
    market: MarketSettings
    web: WebSettings
    data: DataSettings
    exchanges: dict[str, ExchangeSettings]
    history: HistorySettings = HistorySettings(enabled=False)
    questdb: QuestDBSettings = QuestDBSettings()
    redis: RedisSettings = RedisSettings()
    nats: NatsSettings = NatsSettings()
    stream: StreamSettings = StreamSettings()
    bus: BusSettings = BusSettings()
    tokens: dict[str, TokenSettings] = {}
    alerts: AlertsSettings = AlertsSettings(enabled=False)
    alert_rules: dict[str, AlertSettings] = {}
    notifiers: dict[str, NotifierSettings] = {}
    plugins: dict[str, PluginSettings] = {}
