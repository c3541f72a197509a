"""Exchanges for the demo, tests and benchmarks: Bybit, Hyperliquid and Binance on one loopback port.

They speak the real wire protocols but share no code with the hub's own codecs, so that neither side can
repeat the other's mistakes.
"""

from simulator.addresses import addresses
from simulator.engine import Simulator
from simulator.faults import Fault, load_script
from simulator.settings import SimulatorSettings

__all__ = ["Fault", "Simulator", "SimulatorSettings", "addresses", "load_script"]
