"""`export`: the embedded history as Parquet files. A hub may be running meanwhile."""

from __future__ import annotations

import argparse
import fcntl
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from actors.market.losses import EVERYTHING
from actors.runtime.arguments import Subcommand
from actors.runtime.clock import steady_clock
from actors.runtime.errors import SettingsError, SinkError, StartError
from actors.runtime.settings import Settings
from actors.sinks.base import InstrumentKey
from actors.sinks.configured import DATABASE
from actors.sinks.sqlite_archive import Archive
from commands.demo import apart
from commands.interrupting import Interrupted, interruptible
from commands.progress import Bar, size
from web.api.history_times import NS_MAX, read_time
from web.problems import Problem

if TYPE_CHECKING:
    from actors.export.exporting import Job, Progress

EXIT_FAILED = 74
TABLES = ("ticks", "trades", "bars", "liquidations", "funding", "gaps")
INTERVALS_S = {"1m": 60, "1h": 3600, "1d": 86_400}
DATE = re.compile(r"\d{4}-\d\d-\d\d")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be asked for."""
    parser.add_argument("table", metavar="TABLE", help=", ".join(TABLES))
    parser.add_argument(
        "--symbols",
        default="*",
        metavar="LIST",
        help="such as 'bybit:linear:BTC*,ETHUSDT'; all, if not said",
    )
    parser.add_argument(
        "--from",
        dest="from_",
        default="",
        metavar="TIME",
        help="from this time on: 2026-11-21, RFC 3339, Unix ms, or how long ago (-15m, -7d)",
    )
    parser.add_argument("--to", default="", metavar="TIME", help="before this time")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="where to; `export` in the data directory, if not said"
    )
    parser.add_argument("--interval", default="", help="of bars: 1m, 1h or 1d; 1m, if not said")
    parser.add_argument("--quiet", action="store_true", help="print errors only")


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Export what was asked for. Returns 0, 74 when something fails on the way, or 128 + the signal."""
    now_ns = steady_clock()
    settings = apart(settings) if options.demo else settings
    table, interval = table_of(options.table), interval_of(options.table, options.interval)
    from_ns, to_ns = range_of(options.from_, options.to, now_ns())
    demand_pyarrow()
    with closing(open_archive(Path(settings.data.directory) / DATABASE)) as archive:
        instruments = instruments_of(archive, table, options.symbols)
        from actors.export.exporting import Job
        from actors.export.tables import TABLES as KINDS

        job = Job(
            table=KINDS[table],
            instruments=instruments,
            from_ns=from_ns,
            to_ns=to_ns,
            out=options.out or Path(settings.data.directory) / "export",
            interval=interval,
            interval_s=INTERVALS_S[interval or "1m"],
        )
        with only_one(job.out), interruptible() as check:
            return exported(archive, job, Bar(sys.stderr, now_ns, quiet=options.quiet), check, options.quiet)


def exported(archive: Archive, job: Job, bar: Bar, check: Callable[[], None], quiet: bool) -> int:
    """Run the job, and say how it ended. `check` raises `Interrupted` when it is to be given up."""
    from actors.export.exporting import Export

    def tell(progress: Progress) -> None:
        check()
        bar.show(progress.share, lambda: told(progress))

    export = Export(archive, job, tell)
    try:
        export.run()
    except Interrupted as stopped:
        return failed(bar, "stopped", export.progress, stopped.exit_code)
    except SinkError as error:
        return failed(bar, str(error), export.progress, EXIT_FAILED)
    except OSError as error:
        where = error.filename or job.out
        return failed(bar, f"{where}: {error.strerror or error}", export.progress, EXIT_FAILED)
    bar.clear()
    if not quiet:
        print(
            f"{told(export.progress)} in {job.out / job.table.name}"
            if export.progress.files
            else nothing(job)
        )
    return 0


def failed(bar: Bar, why: str, progress: Progress, code: int) -> int:
    """The one line about what went wrong."""
    bar.clear()
    print(f"tickwell: export: {why}; {counted(progress.files, 'file')} done, none is torn", file=sys.stderr)
    return code


def told(progress: Progress) -> str:
    """How much it is by now."""
    rows, files = counted(progress.rows, "row"), counted(progress.files, "file")
    done = f"{rows}, {files}, {size(progress.size_bytes)}"
    return f"{done} · {progress.at}" if progress.share < 1 else done


def counted(number: int, word: str) -> str:
    """A number of things."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def nothing(job: Job) -> str:
    """What to say of an export of nothing."""
    return f"history has no {job.table.name} of these instruments in this time; nothing was written"


def table_of(name: str) -> str:
    """The table that is meant. Raises `SettingsError` if there is none."""
    if name.lower() in TABLES:
        return name.lower()
    close = get_close_matches(name.lower(), TABLES, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    raise SettingsError(
        [f"export: there is no table {name[:64]!r}; expected one of {', '.join(TABLES)}{hint}"]
    )


def interval_of(table: str, interval: str) -> str:
    """Which bars; empty for other tables. Raises `SettingsError`."""
    if table != "bars":
        if interval:
            raise SettingsError([f"--interval={interval[:64]!r} is of bars only; {table} have none"])
        return ""
    if interval and interval not in INTERVALS_S:
        expected = ", ".join(INTERVALS_S)
        raise SettingsError(
            [f"--interval={interval[:64]!r}: history keeps bars of {expected}; others are made of these"]
        )
    return interval or "1m"


def range_of(from_: str, to: str, now_ns: int) -> tuple[int, int]:
    """From when to when, in ns. Raises `SettingsError`."""
    from_ns = moment_of("--from", from_, now_ns) if from_ else 0
    to_ns = moment_of("--to", to, now_ns) if to else NS_MAX
    if from_ns >= to_ns:
        raise SettingsError([f"--from={from_} is not before --to={to}"])
    return from_ns, to_ns


def moment_of(name: str, text: str, now_ns: int) -> int:
    """A time as REST understands it, or a day."""
    try:
        return read_time(name, f"{text}T00:00:00Z" if DATE.fullmatch(text) else text, now_ns).ns
    except Problem as problem:
        raise SettingsError([problem.detail]) from None


def demand_pyarrow() -> None:
    """Raises `StartError` without it."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise StartError("export needs pyarrow: pip install 'tickwell[parquet]'") from None


def open_archive(path: Path) -> Archive:
    """The history. Raises `StartError` if it cannot be read."""
    try:
        return Archive(path)
    except SinkError as error:
        raise StartError(f"export: {error}") from None


def instruments_of(archive: Archive, table: str, symbols: str) -> Sequence[InstrumentKey]:
    """The instruments that are meant; with gaps also those of all history. Raises `SettingsError`."""
    from actors.export.selecting import select

    known = archive.instruments()
    of_all = [of for of in known if of.symbol == EVERYTHING]
    own = [of for of in known if of.symbol != EVERYTHING]
    selectors = [each.strip() for each in symbols.split(",") if each.strip()]
    if not selectors:
        raise SettingsError(["--symbols names no instrument; expected such as bybit:linear:BTC*, or *"])
    chosen, problems = select(selectors, own) if own else ([], [])
    if problems:
        raise SettingsError(problems)
    return [*chosen, *of_all] if table == "gaps" else chosen


@contextmanager
def only_one(out: Path) -> Iterator[None]:
    """No other export writes to `out` meanwhile. Raises `StartError`."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        lock = (out / ".export.lock").open("w")
    except OSError as error:
        raise StartError(f"export: cannot write in {out}: {error.strerror}") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StartError(f"export: another export writes to {out} now") from None
        yield


COMMAND = Subcommand("export", "write history as Parquet files", add_arguments, run)
