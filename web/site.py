"""Everything that the pages and sockets of one web application stand on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import trio
from quart.wrappers.base import BaseRequestWebsocket

from actors.market.busstatus import BusReport
from actors.market.sinkstatus import SinkReport
from actors.runtime.settings import TokenSettings, WebSettings
from actors.sinks.base import History
from web.alerting import Alerting
from web.control import Control
from web.fanout import Fanout
from web.looplag import LoopLag
from web.offers import Offers
from web.plugins import Plugins
from web.quietlog import QuietLog
from web.readmodel import ReadModel
from web.security import Gate
from web.traffic import Traffic

if TYPE_CHECKING:
    from web.stream.hub import StreamHub


@dataclass(kw_only=True)
class Site:
    """Handed to every `register` function in place of globals.

    `history_is_whole` says whether everything that was accepted has reached `history`: only then what it
    tells about the past can be relied on for ever. `alerts`, `bus` and `plugins` are `None` where there are
    none. `stream` is put in by `create_app`. `open_rules` are the addresses that hold no data, and need no
    token whatever the settings say.
    """

    read_model: ReadModel
    control: Control
    settings: WebSettings
    stop: trio.Event
    now_ns: Callable[[], int]
    offers: Offers = field(default_factory=dict)
    history: History | None = None
    history_is_whole: Callable[[], bool] = lambda: True
    sinks: Callable[[], Sequence[SinkReport]] = tuple
    tokens: Mapping[str, TokenSettings] = field(default_factory=dict)
    alerts: Alerting | None = None
    bus: Callable[[], BusReport] | None = None
    plugins: Plugins | None = None
    open_rules: set[str] = field(default_factory=set)
    fanout: Fanout = field(init=False)
    gate: Gate = field(init=False)
    stream: StreamHub = field(init=False)
    quiet: QuietLog = field(default_factory=QuietLog)
    traffic: Traffic = field(default_factory=Traffic)
    loop: LoopLag = field(default_factory=LoopLag)

    def __post_init__(self) -> None:
        self.fanout = Fanout(self.read_model)
        self.gate = Gate(self.settings, self.tokens, self.now_ns, quiet=self.quiet)

    def stop_of(self, request: BaseRequestWebsocket) -> trio.Event:
        """The event that ends whatever serves `request`: a restarted server brings its own."""
        stop = request.scope.get("state", {}).get("stop", self.stop)
        return stop if isinstance(stop, trio.Event) else self.stop

    def running(self) -> dict[str, bool]:
        """Which exchanges are being read."""
        return {exchange: self.control.running(exchange) for exchange in self.read_model.exchanges}
