"""`top`: the markets of a running hub on a terminal, live; or once, as text, where no terminal is."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import httpx
import trio

from actors.runtime.arguments import Subcommand
from actors.runtime.errors import StartError
from actors.runtime.settings import Settings
from commands.console.drawing import draw, plain
from commands.console.feeding import STATUS_WITHIN_S, Feeding
from commands.console.picture import Picture
from commands.console.terminal import Keyboard, Screen, is_unicode, taken
from commands.console.view import View
from commands.racing import ended, first_of, until_signalled
from commands.stream.address import Address, read_address
from commands.stream.following import Follower
from commands.stream.messages import Codec, HubLost, HubRefused
from commands.subscribing.output import Output, ReaderGone

EXIT_FAILED = 74
DRAW_EVERY_S = 0.25
AGES_EVERY_S = 1.0  # without news the ages still grow
PLAIN_WITHIN_S = 10.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be asked for."""
    parser.add_argument(
        "selectors", metavar="SELECTOR", nargs="*", help="such as 'bybit:*:BTC*' or top:50; all, if not said"
    )
    parser.add_argument("--url", help="of the hub; where the settings have it listen, if not said")
    parser.add_argument("--plain", action="store_true", help="print the table once; so also in a pipe")


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Show it. Returns 0, 74 when something fails on the way, or 128 + the signal."""
    address = read_address(options.url, settings.web)
    once = options.plain or not is_terminal()
    try:
        return trio.run(print_once if once else watch, address, options.selectors)
    except ReaderGone:
        return 0
    except HubLost as error:
        words = f"no hub at {address}: {error}. Start one with `python supervisor.py` (or --demo)"
        raise StartError(f"top: {words}") from None
    except HubRefused as error:
        print(f"tickwell: top: {address}: {error}", file=sys.stderr)
    except OSError as error:
        print(f"tickwell: top: stdout: {error.strerror}", file=sys.stderr)
    return EXIT_FAILED


def is_terminal() -> bool:
    """Whether there is a screen to draw on, and keys to press."""
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "") not in ("", "dumb")


async def watch(address: Address, selectors: list[str]) -> int:
    """The live table, until the reader has had enough. Returns the exit code."""
    keyboard, descriptor = sys.stdin.fileno(), sys.stdout.fileno()
    screen = Screen(descriptor, is_coloured=not os.environ.get("NO_COLOR"), is_unicode=is_unicode())
    picture, view = Picture(down_since_s=trio.current_time()), View()
    feeding = Feeding(picture, selectors, trio.current_time)
    console = Console(feeding, view, screen, Keyboard(keyboard), address.authority)
    feeding.changed = console.wake
    follower = Follower(address, Codec("json"), feeding.live, feeding.lost)
    with taken(keyboard, descriptor):
        return await first_of(
            partial(ended, follower.run),
            partial(ended, partial(feeding.poll, address)),
            partial(ended, feeding.follow),
            partial(ended, console.draw),
            partial(ended, console.listen),
            partial(ended, console.resize),
            until_signalled,
        )


async def print_once(address: Address, selectors: list[str]) -> int:
    """The table once, as text. Returns the exit code. Raises `HubLost`."""
    picture, whole = Picture(), trio.Event()
    feeding = Feeding(picture, selectors, trio.current_time)
    feeding.changed = lambda: whole.set() if picture.is_whole else None
    follower = Follower(address, Codec("json"), feeding.live, feeding.lost, once=True)

    async def printed() -> int:
        async with httpx.AsyncClient(
            base_url=address.http_url, headers=address.headers, timeout=STATUS_WITHIN_S
        ) as client:
            await feeding.ask_status(client)
        with trio.move_on_after(PLAIN_WITHIN_S):
            await whole.wait()
        columns = os.get_terminal_size(1).columns if sys.stdout.isatty() else 0
        lines = plain(picture, View(), columns, trio.current_time(), address.authority)
        await Output(sys.stdout.fileno()).write(("\n".join(lines) + "\n").encode())
        return 0

    return await first_of(partial(ended, follower.run), printed, until_signalled)


@dataclass
class Console:
    """Brings keys to the view, and the picture to the screen: at once after a key, at most four times a
    second otherwise."""

    feeding: Feeding
    view: View
    screen: Screen
    keyboard: Keyboard
    where: str
    now_s: Callable[[], float] = trio.current_time
    _news: trio.Event = field(default_factory=trio.Event)
    _touched: trio.Event = field(default_factory=trio.Event)

    def wake(self) -> None:
        """The picture changed."""
        self._news.set()

    async def draw(self) -> None:
        """Draw for ever."""
        while True:
            self._news, self._touched = trio.Event(), trio.Event()
            size, picture = self.screen.size, self.feeding.picture
            lines = draw(picture, self.view, size, self.now_s(), self.where)
            wanted = self.view.cursor if self.view.has_tape else ""
            if wanted != self.feeding.wanted:
                self.feeding.want(wanted)
            await self.screen.paint(lines, size)
            with trio.move_on_after(DRAW_EVERY_S):
                await self._touched.wait()
            with trio.move_on_after(AGES_EVERY_S):
                await first_event(self._news, self._touched)

    async def listen(self) -> None:
        """Obey the keys until one says that it is enough."""
        while not self.view.has_ended:
            for key in await self.keyboard.keys():
                names = [each.name for each in self.feeding.picture.status.exchanges]
                self.view.press(key, names)
            self._touched.set()

    async def resize(self) -> None:
        """Draw at once when the terminal has another size."""
        with trio.open_signal_receiver(signal.SIGWINCH) as signals:
            async for _ in signals:
                self._touched.set()


async def first_event(*events: trio.Event) -> None:
    """Wait for the first of them."""
    async with trio.open_nursery() as nursery:

        async def wait(event: trio.Event) -> None:
            await event.wait()
            nursery.cancel_scope.cancel()

        for event in events:
            nursery.start_soon(wait, event)


COMMAND = Subcommand("top", "watch the markets of a running hub on the terminal", add_arguments, run)
