"""Bybit ticker frames: spot full snapshots, linear snapshot first and then sparse deltas."""

from datetime import UTC, datetime
from typing import Final, Literal

from simulator.instruments import Instrument, next_funding_ms, plain
from simulator.world import MoveKind, World

Category = Literal["linear", "spot"]
DELIVERY_MS: Final = 1_798_185_600_000  # 2026-12-25 08:00 UTC
EMPTY_FIELD_SHARE: Final = 0.002  # deltas that set a field to the empty string


def spot_ticker(instrument: Instrument, world: World) -> str:
    """The spot ticker: always complete, unpadded, without bid and ask."""
    decimals, sizes = instrument.tick_decimals, instrument.size_decimals
    # Coins that are no collateral have no USD index.
    index = plain(instrument.asset.price, decimals + 2) if instrument.asset.rank < 12 else ""
    return (
        f'{{"topic":"tickers.{instrument.symbol}","ts":{world.now_ms},"type":"snapshot",'
        f'"cs":{instrument.sequence},"data":{{"symbol":"{instrument.symbol}",'
        f'"lastPrice":"{plain(instrument.last, decimals)}",'
        f'"highPrice24h":"{plain(instrument.high_24h, decimals)}",'
        f'"lowPrice24h":"{plain(instrument.low_24h, decimals)}",'
        f'"prevPrice24h":"{plain(instrument.open_24h, decimals)}",'
        f'"volume24h":"{plain(instrument.volume_24h, sizes)}",'
        f'"turnover24h":"{plain(instrument.turnover_24h, 8)}",'
        f'"price24hPcnt":"{plain(instrument.change_24h, 4)}","usdIndexPrice":"{index}"}}}}'
    )


def linear_fields(instrument: Instrument, now_ms: int) -> dict[str, str]:
    """Every field of the linear ticker as its text, in the order of the wire."""
    price = instrument.price_text
    is_trading, is_perp = instrument.live, instrument.kind == "perp"
    fields = {
        "symbol": instrument.symbol,
        "tickDirection": direction(instrument),
        "price24hPcnt": f"{instrument.change_24h:.6f}",
        "lastPrice": price(instrument.last),
        "prevPrice24h": price(instrument.open_24h),
        "highPrice24h": price(instrument.high_24h),
        "lowPrice24h": price(instrument.low_24h),
        "prevPrice1h": price(instrument.open_1h),
        "markPrice": price(instrument.mark),
        "indexPrice": price(instrument.index),
        # Both sides are counted: twice what the other exchanges call open interest.
        "openInterest": plain(2 * instrument.open_interest, instrument.size_decimals),
        "openInterestValue": f"{2 * instrument.open_interest * instrument.mark:.2f}",
        "turnover24h": f"{instrument.turnover_24h:.4f}",
        "volume24h": f"{instrument.volume_24h:.4f}",
        "fundingIntervalHour": str(instrument.funding_interval_h) if is_perp else "",
        "fundingCap": "0.005" if is_perp else "",
        "nextFundingTime": str(next_funding_ms(now_ms, instrument.funding_interval_h)) if is_perp else "",
        "fundingRate": plain(instrument.funding_rate, 8) if is_perp else "",
        "bid1Price": price(instrument.bid) if is_trading else "",
        "bid1Size": instrument.size_text(instrument.bid_size) if is_trading else "",
        "ask1Price": price(instrument.ask) if is_trading else "",
        "ask1Size": instrument.size_text(instrument.ask_size) if is_trading else "",
        "singleOpenInterest": plain(instrument.open_interest, instrument.size_decimals),
        "singleOpenInterestValue": f"{instrument.open_interest * instrument.mark:.2f}",
    }
    if instrument.kind == "future":
        basis = instrument.mark - instrument.index
        fields["deliveryTime"] = datetime.fromtimestamp(DELIVERY_MS / 1000, UTC).strftime(
            "%Y-%m-%dT%H:%M:%SZ"
        )
        fields["basis"] = price(basis)
        fields["basisRate"] = f"{basis / instrument.index:.8f}"
        fields["deliveryFeeRate"] = ""
        fields["predictedDeliveryPrice"] = ""
    is_pre_market = instrument.status == "PreLaunch"
    fields["preOpenPrice"] = price(instrument.last) if is_pre_market else ""
    fields["preQty"] = "125000" if is_pre_market else ""
    fields["curPreListingPhase"] = "CallAuction" if is_pre_market else ""
    return fields


def direction(instrument: Instrument) -> str:
    """Bybit's tick direction of the last trade."""
    if instrument.last > instrument.previous:
        return "PlusTick"
    if instrument.last < instrument.previous:
        return "MinusTick"
    return "ZeroPlusTick" if instrument.last_is_buy else "ZeroMinusTick"


class LinearTicker:
    """The ticker of one linear instrument: remembers what was sent, so a delta holds only changes."""

    def __init__(self, instrument: Instrument, world: World) -> None:
        self._instrument = instrument
        self._world = world
        self._sent: dict[str, str] = {}

    def snapshot(self) -> str:
        """The complete ticker, as a new subscriber gets it.

        A field whose value the earlier subscribers have not seen yet is forgotten, so that the next
        delta carries it for all.
        """
        fields = linear_fields(self._instrument, self._world.now_ms)
        if self._sent:
            self._sent = {name: text for name, text in fields.items() if self._sent.get(name) == text}
        else:
            self._sent = dict(fields)
        return self._message("snapshot", fields)

    def delta(self, kind: MoveKind, draw: float) -> str:
        """The changed fields of one move; empty when nothing visible changed."""
        changed = {name: text for name, text in self._moved(kind).items() if self._sent.get(name) != text}
        if draw < EMPTY_FIELD_SHARE:
            changed["preOpenPrice"] = ""
        if not changed:
            return ""
        self._sent.update(changed)
        return self._message("delta", {"symbol": self._instrument.symbol, **changed})

    def _moved(self, kind: MoveKind) -> dict[str, str]:
        """The fields one kind of move can change, rendered now."""
        instrument = self._instrument
        price, size = instrument.price_text, instrument.size_text
        if kind == "mark":
            return self._mark_fields()
        quote = {
            "bid1Price": price(instrument.bid),
            "bid1Size": size(instrument.bid_size),
            "ask1Price": price(instrument.ask),
            "ask1Size": size(instrument.ask_size),
        }
        if kind == "quote":
            return quote
        open_interest = instrument.open_interest
        return {
            "tickDirection": direction(instrument),
            "price24hPcnt": f"{instrument.change_24h:.6f}",
            "lastPrice": price(instrument.last),
            "highPrice24h": price(instrument.high_24h),
            "lowPrice24h": price(instrument.low_24h),
            "openInterest": plain(2 * open_interest, instrument.size_decimals),
            "turnover24h": f"{instrument.turnover_24h:.4f}",
            "volume24h": f"{instrument.volume_24h:.4f}",
            **quote,
            "singleOpenInterest": plain(open_interest, instrument.size_decimals),
        }

    def _mark_fields(self) -> dict[str, str]:
        instrument = self._instrument
        value = instrument.open_interest * instrument.mark
        moved = {
            "markPrice": instrument.price_text(instrument.mark),
            "indexPrice": instrument.price_text(instrument.index),
            "openInterestValue": f"{2 * value:.2f}",
            "singleOpenInterestValue": f"{value:.2f}",
        }
        if instrument.has_funding:
            next_ms = next_funding_ms(self._world.now_ms, instrument.funding_interval_h)
            moved["nextFundingTime"] = str(next_ms)
            moved["fundingRate"] = plain(instrument.funding_rate, 8)
        return moved

    def _message(self, kind: str, fields: dict[str, str]) -> str:
        """The envelope: `ts` comes last on linear tickers."""
        instrument = self._instrument
        data = ",".join([f'"{name}":"{text}"' for name, text in fields.items()])
        return (
            f'{{"topic":"tickers.{instrument.symbol}","type":"{kind}","data":{{{data}}},'
            f'"cs":{instrument.sequence},"ts":{self._world.now_ms}}}'
        )
