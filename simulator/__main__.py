"""Command line: `python -m simulator --port 0 --seed 7 --rate 300 --symbols 40 --faults script.json`."""

import argparse
import json
import signal
import sys
from pathlib import Path

import msgspec
import trio

from simulator import Simulator, SimulatorSettings, load_script


def parse_arguments(arguments: list[str] | None = None) -> SimulatorSettings:
    """Settings from the command line; exits with a message on nonsense."""
    defaults = SimulatorSettings()
    parser = argparse.ArgumentParser(prog="simulator", description="Simulated exchanges on loopback.")
    parser.add_argument("--host", default=defaults.host)
    parser.add_argument("--port", type=int, default=defaults.port, help="0: any free port")
    parser.add_argument("--seed", type=int, default=defaults.seed)
    parser.add_argument("--rate", type=float, default=defaults.rate, help="data messages per second")
    parser.add_argument("--symbols", type=int, default=defaults.symbols, help="instruments per market")
    parser.add_argument("--faults", type=Path, help="a JSON list of faults")
    notice_s = defaults.shutdown_notice_s
    parser.add_argument("--notice", type=float, default=notice_s, help="seconds of Binance's warning")
    options = parser.parse_args(arguments)
    try:
        faults = load_script(options.faults.read_bytes()) if options.faults else ()
        return SimulatorSettings(
            host=options.host,
            port=options.port,
            seed=options.seed,
            rate=options.rate,
            symbols=options.symbols,
            faults=faults,
            shutdown_notice_s=options.notice,
        )
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        parser.error(str(error))


async def run(settings: SimulatorSettings) -> None:
    """Serve until SIGTERM or SIGINT; one JSON line tells the port."""
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with trio.open_nursery() as nursery:
            port = await nursery.start(Simulator(settings).serve)
            sys.stdout.write(json.dumps({"host": settings.host, "port": port}) + "\n")
            sys.stdout.flush()
            async for _ in signals:
                nursery.cancel_scope.cancel()
                break


def main() -> None:
    """Entry point."""
    trio.run(run, parse_arguments())


if __name__ == "__main__":
    main()
