"""Which instruments the simulated exchanges list, including the awkward ones.

Pure and seeded: the same seed and size give the same lists. Well-known names come first, then invented
ones, so that a list can be as long as a real exchange's.
"""

import math
from typing import Final

from simulator.dice import Dice, dice
from simulator.instruments import Asset, Instrument, InstrumentKind, Market

# Name and rough price in USD; the order is the order of every market's list.
KNOWN_ASSETS: Final[tuple[tuple[str, float], ...]] = (
    ("BTC", 85_000.0),
    ("ETH", 3_050.0),
    ("SOL", 148.0),
    ("BNB", 870.0),
    ("XRP", 2.21),
    ("DOGE", 0.1502),
    ("ADA", 0.452),
    ("AVAX", 14.4),
    ("DOT", 2.31),
    ("LINK", 13.2),
    ("LTC", 84.5),
    ("BCH", 521.0),
    ("UNI", 6.02),
    ("ATOM", 2.48),
    ("NEAR", 1.83),
    ("HYPE", 33.4),
    ("PEPE", 0.00000482),
    ("SUI", 1.62),
    ("APT", 2.4),
    ("ARB", 0.221),
    ("OP", 0.332),
    ("INJ", 5.6),
    ("TIA", 0.61),
    ("SEI", 0.134),
    ("FIL", 1.52),
    ("AAVE", 176.0),
    ("CRV", 0.41),
    ("LDO", 0.64),
    ("MKR", 1_420.0),
    ("ENA", 0.28),
    ("WLD", 0.62),
    ("JUP", 0.235),
    ("TAO", 291.0),
    ("RENDER", 1.71),
    ("ONDO", 0.51),
    ("TRX", 0.281),
    ("XLM", 0.252),
    ("HBAR", 0.141),
    ("ETC", 13.5),
    ("ICP", 4.2),
)
# Behind the awkward instruments; HYPE is used only when a short list ends before it.
EXTRA_ASSETS: Final[tuple[tuple[str, float], ...]] = (
    ("MATIC", 0.38),
    ("NVDA", 181.0),
    ("GOLD", 4_080.0),
    ("PURR", 0.082),
    ("NEWT", 0.5),
    ("LUNAR", 1.2),
    ("HYPE", 33.4),
)
# Quoted in thousands on derivative markets, as the real exchanges do.
THOUSANDS: Final = {"bybit-linear": "1000PEPE", "binance-usdm": "1000PEPE", "hyperliquid": "kPEPE"}
SIGNIFICANT_DIGITS: Final = {
    "bybit-linear": 6,
    "bybit-spot": 6,
    "hyperliquid": 5,
    "binance-spot": 7,
    "binance-usdm": 6,
}
ONSETS: Final = ("B", "D", "F", "G", "K", "L", "M", "N", "P", "R", "S", "T", "V", "Z", "KR", "ST", "TR")
VOWELS: Final = ("A", "E", "I", "O", "U", "AI", "EO")


def build_assets(seed: int, symbols: int) -> list[Asset]:
    """The first `symbols` coins: known names, then invented ones with invented prices."""
    random = dice(seed, "assets")
    known = [Asset(name, price, rank) for rank, (name, price) in enumerate(KNOWN_ASSETS[:symbols])]
    names = {asset.name for asset in known} | {name for name, _ in EXTRA_ASSETS} | {"XAU"}
    while len(known) < symbols:
        name = _invented_name(random)
        if name not in names:
            names.add(name)
            known.append(Asset(name, round(10 ** random.uniform(-2.5, 1.8), 5), len(known)))
    for asset in known:
        asset.change_24h = random.uniform(-0.06, 0.06)
    return known


def _invented_name(random: Dice) -> str:
    """Four to seven upper-case letters that could be a coin."""
    syllables = random.choice((2, 2, 3))
    return "".join(random.choice(ONSETS) + random.choice(VOWELS) for _ in range(syllables))


def build_instruments(seed: int, symbols: int) -> list[Instrument]:
    """Every instrument of every market, in listing order."""
    assets = build_assets(seed, symbols)
    extra = {
        name: Asset(name, price, len(assets) + number, change_24h=0.012)
        for number, (name, price) in enumerate(EXTRA_ASSETS)
    }
    everything = extra | {asset.name: asset for asset in assets}
    return [
        *_bybit_linear(assets, everything),
        *_bybit_spot(assets, everything),
        *_hyperliquid(assets, everything),
        *_binance_spot(assets, everything),
        *_binance_usdm(assets, everything),
    ]


def make_instrument(
    market: Market,
    asset: Asset,
    symbol: str,
    kind: InstrumentKind,
    *,
    base: str = "",
    quote: str = "USDT",
    multiplier: float = 1.0,
) -> Instrument:
    """An instrument with believable tick and lot sizes for its price and market."""
    digits = math.floor(math.log10(asset.price * multiplier)) + 1
    size_decimals = max(0, digits if kind == "spot" or market == "hyperliquid" else digits - 2)
    tick_decimals = max(0, min(8, SIGNIFICANT_DIGITS[market] - digits))
    if market == "hyperliquid":
        tick_decimals = min(tick_decimals, (8 if kind == "spot" else 6) - size_decimals)
    # Bitcoin's 0.1 is written 0.10 on the futures markets.
    padded = tick_decimals == 1 and kind != "spot" and market != "hyperliquid"
    return Instrument(
        market=market,
        symbol=symbol,
        base=base or asset.name,
        quote=quote,
        kind=kind,
        asset=asset,
        tick=10.0**-tick_decimals,
        tick_decimals=tick_decimals,
        decimals=tick_decimals + 1 if padded else tick_decimals,
        size_decimals=size_decimals,
        multiplier=multiplier,
    )


def new_instrument(
    market: Market, symbol: str, price: float, rank: int, listed: list[Instrument]
) -> Instrument:
    """An instrument that is listed later, on the asset of that name when some market already has it."""
    kind: InstrumentKind = "spot" if market.endswith("spot") else "perp"
    quote = "USDC" if market == "hyperliquid" else "USDT"
    base = symbol.removesuffix(quote)
    known = (row.asset for row in listed if row.asset.name == base)
    asset = next(known, None) or Asset(base, price, rank)
    instrument = make_instrument(market, asset, symbol, kind, base=base, quote=quote)
    if market == "binance-usdm":
        instrument.contract = "PERPETUAL"
    if market == "hyperliquid":
        instrument.funding_interval_h = 1
    return instrument


def _linear_base(market: Market, asset: Asset) -> tuple[str, float]:
    """The listed base name and its multiplier: PEPE trades by the thousand on derivatives."""
    if asset.name == "PEPE":
        return THOUSANDS[market], 1_000.0
    return asset.name, 1.0


def _dead(instrument: Instrument, status: str, contract: str = "") -> Instrument:
    """A listed instrument that does not trade."""
    instrument.status, instrument.live, instrument.contract = status, False, contract
    return instrument


def _future(market: Market, asset: Asset, symbol: str, contract: str) -> Instrument:
    """A dated future a little above spot."""
    future = make_instrument(market, asset, symbol, "future")
    future.contract, future.offset = contract, 0.009
    return future


def _bybit_linear(assets: list[Asset], everything: dict[str, Asset]) -> list[Instrument]:
    listed = []
    for asset in assets:
        base, multiplier = _linear_base("bybit-linear", asset)
        listed.append(
            make_instrument("bybit-linear", asset, f"{base}USDT", "perp", base=base, multiplier=multiplier)
        )
        listed[-1].funding_interval_h = 4 if asset.rank % 7 == 6 else 8
    listed.append(_future("bybit-linear", assets[0], "BTCUSDT-25DEC26", "LinearFutures"))
    listed.append(_dead(make_instrument("bybit-linear", everything["NEWT"], "NEWTUSDT", "perp"), "PreLaunch"))
    listed.append(_dead(make_instrument("bybit-linear", everything["LUNAR"], "LUNARUSDT", "perp"), "Closed"))
    return listed


def _bybit_spot(assets: list[Asset], everything: dict[str, Asset]) -> list[Instrument]:
    listed = [make_instrument("bybit-spot", asset, f"{asset.name}USDT", "spot") for asset in assets]
    listed.append(_dead(make_instrument("bybit-spot", everything["NEWT"], "NEWTUSDT", "spot"), "PreLaunch"))
    return listed


def _hyperliquid(assets: list[Asset], everything: dict[str, Asset]) -> list[Instrument]:
    listed = []
    for asset in assets:
        base, multiplier = _linear_base("hyperliquid", asset)
        listed.append(
            make_instrument(
                "hyperliquid", asset, base, "perp", base=base, quote="USDC", multiplier=multiplier
            )
        )
    # Delisted coins keep their row in the middle of the list: positional joins must survive it.
    listed.insert(
        3, _dead(make_instrument("hyperliquid", everything["MATIC"], "MATIC", "perp", quote="USDC"), "")
    )
    for name in ("NVDA", "GOLD"):
        listed.append(make_instrument("hyperliquid", everything[name], f"xyz:{name}", "perp", quote="USDC"))
        listed[-1].dex = "xyz"
    for asset, symbol, base, number in (
        (everything["PURR"], "PURR/USDC", "PURR", 0),
        (everything["HYPE"], "@107", "HYPE", 107),
        (assets[0], "@142", "UBTC", 142),
    ):
        listed.append(make_instrument("hyperliquid", asset, symbol, "spot", base=base, quote="USDC"))
        listed[-1].index_number = number
    for instrument in listed:
        instrument.funding_interval_h = 1
    return listed


def _binance_spot(assets: list[Asset], everything: dict[str, Asset]) -> list[Instrument]:
    listed = [make_instrument("binance-spot", asset, f"{asset.name}USDT", "spot") for asset in assets]
    listed.append(make_instrument("binance-spot", everything["PURR"], "PURRUSDT", "spot"))
    listed[-1].one_sided = True
    listed.append(_dead(make_instrument("binance-spot", everything["LUNAR"], "LUNARUSDT", "spot"), "BREAK"))
    for instrument in listed[:-1]:
        instrument.status = "TRADING"
    return listed


def _binance_usdm(assets: list[Asset], everything: dict[str, Asset]) -> list[Instrument]:
    listed = []
    for asset in assets:
        base, multiplier = _linear_base("binance-usdm", asset)
        listed.append(
            make_instrument("binance-usdm", asset, f"{base}USDT", "perp", base=base, multiplier=multiplier)
        )
        listed[-1].contract = "PERPETUAL"
        listed[-1].funding_interval_h = {5: 4, 11: 1}.get(asset.rank % 12, 8)
    listed.append(_future("binance-usdm", assets[0], "BTCUSDT_261225", "CURRENT_QUARTER"))
    listed.append(make_instrument("binance-usdm", everything["GOLD"], "XAUUSDT", "perp", base="XAU"))
    listed[-1].contract = "TRADIFI_PERPETUAL"
    for instrument in listed:
        instrument.status = "TRADING"
    pending = make_instrument("binance-usdm", everything["NEWT"], "NEWTUSDT", "perp")
    listed.append(_dead(pending, "PENDING_TRADING"))
    return listed
