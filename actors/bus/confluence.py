"""PURE: the dispatches of many nodes → one flow of batches and marks, as one hub would make it.

Whatever comes out depends on what stands in the log, and on nothing else: not on the reader's clock, and not
on when it began, once it has heard everybody's memory. So all readers make the same ticks at the same places.

A node is *unknown* until its memory was heard whole, or its first dispatch; a number that is missing makes it
unknown again. It is *silent* when the others miss it, or the bus itself fails, until it says something new.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TypeAlias

from actors.bus.memory import Memory
from actors.bus.voices import Voice, Voices
from actors.bus.wire import Dispatch, Happened, Item, Missing, Released, Reported, Restated
from actors.market.events import Batch
from actors.market.feeds import MarketReport
from actors.market.mark import Mark
from actors.market.rhythm import NS_PER_S

LATE_NS = 2 * NS_PER_S
CUT_EVERY_NS = 25_000_000
REMEMBERED_NS = 60 * NS_PER_S

Flow: TypeAlias = Batch | Mark


class _Node:
    """What is known of a node's dispatches. `parts` were heard of a memory that is under way."""

    def __init__(self, name: str, run: str) -> None:
        self.run = run
        self.number = 0
        self.sent_ns = 0
        self.heard_ns = 0
        self.is_known = False
        self.parts = 0
        self.voice = Voice(name)
        self.voice.is_silent = True
        self.reports: list[MarketReport] = []


class Confluence:
    """`take` every dispatch with its position; `hush` when the bus is gone.

    `now_ns` is the time of the flow: that of the newest dispatch. A mark comes at the first message after
    each 25 ms of it, and is a beat when the flow's time has come to another multiple of `beat_ns`. `lost`
    counts dispatches that never came, `repeated` those that came twice, by node.
    """

    def __init__(self, beat_ns: int) -> None:
        self._beat_ns = beat_ns
        self._nodes: dict[str, _Node] = {}
        self._voices = Voices()
        self._cut_ns = 0
        self._position = 0
        self.now_ns = 0
        self.lost: Counter[str] = Counter()
        self.repeated: Counter[str] = Counter()

    @property
    def dropped(self) -> Counter[str]:
        """The events of nodes that stood by while another spoke."""
        return self._voices.dropped

    def take(self, position: int, dispatch: Dispatch) -> Iterator[Flow]:
        """What one message brings: first the mark that ends what was before it, if one is due."""
        yield from self._cut(dispatch.sent_ns)
        self._voices.began_ns = self._voices.began_ns or self.now_ns
        self._position = position
        node = self._nodes.get(dispatch.node)
        if node is None or node.run < dispatch.run:
            yield from self._begin(dispatch.node, dispatch.run)
            node = self._nodes[dispatch.node]
        if node.run > dispatch.run or dispatch.number <= node.number:
            self.repeated[dispatch.node] += 1
            return
        yield from self._count(node, dispatch.number)
        node.sent_ns = dispatch.sent_ns
        if node.is_known and node.voice.is_silent and not self._is_late(dispatch):
            yield from self._voices.join(node.voice)
        for item in dispatch.items:
            yield from self._item(node, item)

    def hush(self, reason: str, now_ns: int) -> Iterator[Flow]:
        """Nobody is heard any more: everything is stale, until each of them is heard again."""
        for node in self._nodes.values():
            yield from self._silence(node, reason, now_ns)

    def known(self) -> list[str]:
        """The nodes that are heard."""
        return [name for name, node in self._nodes.items() if node.is_known and not node.voice.is_silent]

    def reports(self, *, silent: bool = False) -> list[MarketReport]:
        """How the markets do, as each node that is heard says it; or as those did that fell silent."""
        nodes = [
            node
            for node in self._nodes.values()
            if node.voice.is_silent == silent and self.now_ns - node.heard_ns < REMEMBERED_NS
        ]
        return [report for node in nodes for report in node.reports]

    def _cut(self, sent_ns: int) -> Iterator[Mark]:
        before_ns, self.now_ns = self.now_ns, max(self.now_ns, sent_ns)
        if before_ns and self.now_ns // CUT_EVERY_NS != before_ns // CUT_EVERY_NS:
            beat = self.now_ns // self._beat_ns != before_ns // self._beat_ns
            yield Mark(self._position, self.now_ns, self._heard_ns(), beat, self._is_sure())

    def _is_sure(self) -> bool:
        """Whether we have heard for long enough to know of every node, and know what each has said."""
        recent_ns = self.now_ns - LATE_NS
        unknown = any(not node.is_known and node.heard_ns > recent_ns for node in self._nodes.values())
        return not unknown and self._voices.began_ns < recent_ns

    def _heard_ns(self) -> int:
        """The time of the node that is furthest behind: after an outage, some send for longer than others."""
        heard = [node.sent_ns for node in self._nodes.values() if not node.voice.is_silent]
        return min(heard, default=self.now_ns)

    def _begin(self, name: str, run: str) -> Iterator[Flow]:
        before = self._nodes.pop(name, None)
        if before is not None:
            yield from self._silence(before, "its node began anew", self.now_ns)
        node = self._nodes[name] = _Node(name, run)
        self._voices.voices[name] = node.voice

    def _count(self, node: _Node, number: int) -> Iterator[Flow]:
        missing = number - node.number - 1
        if number == 1:
            node.is_known = True
        elif node.number and missing:
            name = node.voice.name
            self.lost[name] += missing
            yield from self._silence(node, f"{missing} messages of node {name} were lost", self.now_ns)
            node.is_known, node.parts = False, 0
        node.number = number
        node.heard_ns = self.now_ns

    def _silence(self, node: _Node, reason: str, now_ns: int) -> Iterator[Flow]:
        if not node.voice.is_silent:
            yield from self._voices.silence(node.voice, reason, now_ns)

    def _is_late(self, dispatch: Dispatch) -> bool:
        return dispatch.sent_ns < self.now_ns - LATE_NS

    def _item(self, node: _Node, item: Item) -> Iterator[Flow]:
        if isinstance(item, Happened):
            if node.is_known:
                say = self._voices.late if node.voice.is_silent else self._voices.say
                yield from say(node.voice, item.batch)
        elif isinstance(item, Restated):
            yield from self._restated(node, item)
        elif isinstance(item, Reported):
            node.reports = item.reports
        elif isinstance(item, Released):
            places = [(item.exchange, item.market, symbol) for symbol in item.symbols]
            yield from self._voices.release(node.voice, places)
        else:
            yield from self._missing(item)

    def _restated(self, node: _Node, item: Restated) -> Iterator[Flow]:
        """A node's memory, of whoever is not known by what it said before."""
        if node.is_known:
            return
        if item.part == 0:
            node.parts, node.voice.memory = 0, Memory()
        if item.part != node.parts:
            return
        for batch in item.batches:
            node.voice.memory.note(batch)
        node.parts += 1
        if node.parts == item.parts:
            node.is_known = True
            yield from self._voices.join(node.voice)

    def _missing(self, item: Missing) -> Iterator[Flow]:
        gone = self._nodes.get(item.node)
        if gone is not None and gone.run == item.run:
            yield from self._silence(gone, f"node {item.node} is not heard of any more", self.now_ns)
