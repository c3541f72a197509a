"""What can be traded on Hyperliquid: its universes in our words."""

from __future__ import annotations

import re

from msgspec.json import encode

from actors.exchanges import _hyperliquid_wire as wire
from actors.exchanges.base import Fetch, Turnover
from actors.market.instrument import LINEAR, SPOT, Instrument

EXCHANGE = "hyperliquid"
WEIGHT = 20.0


def ask_perpetuals(dex: str) -> Fetch:
    """The universe of the main exchange (`""`) or of a builder's."""
    body = encode(wire.InfoQuestion("metaAndAssetCtxs", dex))
    return Fetch("perpetuals", "/info", dex, body, WEIGHT)


def ask_pairs() -> Fetch:
    """Spot has one universe."""
    return Fetch("pairs", "/info", body=encode(wire.InfoQuestion("spotMetaAndAssetCtxs")), weight=WEIGHT)


def perpetuals(dex: str, body: bytes) -> list[Instrument | Turnover]:
    """Universe and contexts belong together by position; delisted rows are among them, halted for good."""
    universe, contexts = wire.decode_perpetuals(body)
    quote = "USDC" if universe.collateral_token == 0 else "USD"
    found: list[Instrument | Turnover] = []
    for row, context in zip(universe.universe, contexts, strict=False):
        symbol = row.name if ":" in row.name or not dex else f"{dex}:{row.name}"
        found.append(_perpetual(symbol, quote, row))
        if context and context.day_ntl_vlm is not None and not row.is_delisted:
            found.append(Turnover(symbol, context.day_ntl_vlm))
    return found


def _perpetual(symbol: str, quote: str, row: wire.Perpetual) -> Instrument:
    """`kPEPE` is lots of 1000 PEPE; `xyz:NVDA` is NVDA on the dex `xyz`."""
    coin = symbol.rpartition(":")[2]
    thousands = re.fullmatch("k([A-Z].*)", coin)
    return Instrument(
        exchange=EXCHANGE,
        market=LINEAR,
        symbol=symbol,
        base=thousands[1] if thousands else coin,
        quote=quote,
        lot_size=float(f"1e-{row.sz_decimals}"),
        multiplier=1000.0 if thousands else 1.0,
        funding_interval_h=1.0,
        halted="delisted" if row.is_delisted else None,
    )


def pairs(body: bytes) -> list[Instrument | Turnover]:
    """Tokens are found by their own index; a pair of a token that is not listed is left out."""
    meta, contexts = wire.decode_pairs(body)
    tokens = {token.index: token for token in meta.tokens}
    instruments = {
        pair.name: _pair(pair, tokens) for pair in meta.universe if tokens.keys() >= set(pair.tokens)
    }
    turnovers = [Turnover(row.coin, row.day_ntl_vlm) for row in contexts if row.coin in instruments]
    return [*instruments.values(), *turnovers]


def _pair(pair: wire.Pair, tokens: dict[int, wire.Token]) -> Instrument:
    base, quote = (tokens[index] for index in pair.tokens)
    return Instrument(
        exchange=EXCHANGE,
        market=SPOT,
        symbol=pair.name,
        base=base.name,
        quote=quote.name,
        lot_size=float(f"1e-{base.sz_decimals}"),
    )
