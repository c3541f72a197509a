"""Hyperliquid's universes in plain examples."""

from __future__ import annotations

import json

from actors.exchanges.base import Turnover
from actors.exchanges.hyperliquid import Codec
from actors.market.instrument import Instrument


def test_the_main_exchange_is_asked_always_and_a_dex_where_wanted() -> None:
    wanted = ["BTC", "xyz:NVDA", "xyz:*", "flx:TSLA", "top:20"]
    bodies = [json.loads(fetch.body or b"") for fetch in Codec("linear").listing(wanted)]
    main = {"type": "metaAndAssetCtxs"}
    assert bodies == [main, main | {"dex": "flx"}, main | {"dex": "xyz"}]
    spot = [json.loads(fetch.body or b"") for fetch in Codec("spot").listing(["PURR/USDC"])]
    assert spot == [{"type": "spotMetaAndAssetCtxs"}]


def test_perpetuals_join_their_contexts_by_place_delisted_rows_included() -> None:
    codec = Codec("linear")
    universe = [
        {"name": "BTC", "szDecimals": 5},
        {"name": "GONE", "szDecimals": 1, "isDelisted": True},
        {"name": "kPEPE", "szDecimals": 0},
    ]
    contexts = [{"dayNtlVlm": "1.5"}, {"dayNtlVlm": "2.5"}, {"dayNtlVlm": "3.5", "midPx": None}]
    body = json.dumps([{"universe": universe, "collateralToken": 0}, contexts]).encode()
    bitcoin, first, gone, pepe, second = codec.receive_listing(codec.listing([])[0], body)
    assert isinstance(bitcoin, Instrument)
    assert (bitcoin.name, bitcoin.lot_size, bitcoin.tick_size) == ("BTC-USDC", 0.00001, None)
    assert (bitcoin.funding_interval_h, bitcoin.halted) == (1.0, None)
    assert isinstance(gone, Instrument)
    assert (gone.symbol, gone.halted) == ("GONE", "delisted")
    assert isinstance(pepe, Instrument)
    assert (pepe.symbol, pepe.base, pepe.multiplier, pepe.lot_size) == ("kPEPE", "PEPE", 1000.0, 1.0)
    assert [first, second] == [Turnover("BTC", 1.5), Turnover("kPEPE", 3.5)]


def test_a_dex_settles_in_a_coin_of_its_own_and_is_part_of_the_symbol() -> None:
    codec = Codec("linear")
    fetch = codec.listing(["xyz:NVDA"])[1]
    meta = {"universe": [{"name": "xyz:NVDA", "szDecimals": 3}], "collateralToken": 360}
    (found,) = codec.receive_listing(fetch, json.dumps([meta, [None]]).encode())
    assert isinstance(found, Instrument)
    assert (found.symbol, found.name) == ("xyz:NVDA", "NVDA-USD")


def test_spot_tokens_are_named_by_their_index_and_contexts_by_coin() -> None:
    codec = Codec("spot")
    meta = {
        "tokens": [
            {"name": "HYPE", "index": 150, "szDecimals": 2},
            {"name": "USDC", "index": 0, "szDecimals": 8},
        ],
        "universe": [
            {"name": "@107", "tokens": [150, 0], "index": 107},
            {"name": "@9", "tokens": [77, 0], "index": 9},
        ],
    }
    contexts = [{"coin": "@9", "dayNtlVlm": "1"}, {"coin": "@107", "dayNtlVlm": "9.5"}]
    found = codec.receive_listing(codec.listing([])[0], json.dumps([meta, contexts]).encode())
    instrument = Instrument(
        exchange="hyperliquid", market="spot", symbol="@107", base="HYPE", quote="USDC", lot_size=0.01
    )
    assert found == [instrument, Turnover("@107", 9.5)]
