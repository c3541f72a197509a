"""What holds of the picture whatever comes, in whatever order."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from actors.market.events import Batch, Source
from actors.market.events import TickerUpdate as Update
from actors.market.market import Market
from actors.market.rhythm import NS_PER_S, Rhythm
from actors.market.ticker import Ticker
from tests.market.pictures import EPOCH_NS, PATIENCE, Story, at, drained
from tests.thoroughness import cases

CONNECTIONS = ("market-0", "public-0")
TOPICS = ("ticker", "book")
TELLING = ("update", "silent", "down", "reset")  # after these, the picture knows which life it is
FIELDS = ("price", "bid", "ask", "mark_price", "funding_rate")

values = st.dictionaries(st.sampled_from(FIELDS), st.none() | st.floats(1, 100), min_size=1)
connections = st.sampled_from(CONNECTIONS)
topics = st.sampled_from(TOPICS)
steps = st.one_of(
    st.tuples(st.just("update"), connections, values),
    st.tuples(st.just("update"), connections, values),
    st.tuples(st.just("down"), connections, st.none()),
    st.tuples(st.just("lost_down"), connections, st.none()),
    st.tuples(st.just("silent"), connections, topics),
    st.tuples(st.just("heard"), connections, topics),
    st.tuples(st.just("reset"), connections, st.none()),
    st.tuples(st.just("wait"), connections, st.sampled_from([0.5, 3, 10, 100])),
)


class Model:
    """The rules again, as plain as they can be written, for one record."""

    def __init__(self) -> None:
        self.fed: dict[str, bool] = {}
        self.silent: set[tuple[str, str]] = set()
        self.spoken: set[str] = set()
        self.rhythms: dict[str, Rhythm] = {}
        self.fields: dict[str, dict[str, float | None]] = {each: {} for each in CONNECTIONS}

    def overdue(self, now_s: float) -> bool:
        return any(rhythm.is_silent(at(now_s), PATIENCE) for rhythm in self.rhythms.values())

    def beat(self, connection: str, now_s: float) -> None:
        """It spoke; what comes first in a life says nothing about its rhythm."""
        rhythm = self.rhythms.setdefault(connection, Rhythm(at(now_s)))
        if connection in self.spoken:
            rhythm.beat(at(now_s))
        else:
            rhythm.resume(at(now_s))
        self.spoken.add(connection)

    def missing(self) -> bool:
        return bool(self.silent) or not all(self.fed.values())


def play(story: Story, model: Model, step: tuple[str, str, object], now_s: float) -> float:
    """Tell one step to both. Returns the time after it."""
    kind, connection, detail = step
    if kind == "update":
        assert isinstance(detail, dict)
        story.say(now_s, connection, detail)
        model.beat(connection, now_s)
        model.fields[connection].update(detail)
        model.fed[connection] = True
    elif kind == "silent":
        story.silent(str(detail), connection)
        model.fed[connection] = True
        model.silent.add((connection, str(detail)))
    elif kind == "heard":
        story.heard(str(detail), connection)
        model.silent.discard((connection, str(detail)))
        if model.fed.get(connection) and connection not in model.spoken:
            model.beat(connection, now_s)
    elif kind == "reset":
        story.market.reset()
        for each in CONNECTIONS:
            end(story, model, each)
    elif kind in ("down", "lost_down"):
        if kind == "down":
            story.down(now_s, connection)
        end(story, model, connection)
    elif kind == "wait":
        assert isinstance(detail, int | float)
        return now_s + detail
    return now_s


def end(story: Story, model: Model, connection: str) -> None:
    """The connection's life is over, whether or not anybody was told."""
    story.lives[connection] = story.lives.get(connection, 1) + 1
    model.fed |= {connection: False} if connection in model.fed else {}
    model.silent = {mark for mark in model.silent if mark[0] != connection}
    model.fields[connection] = {}
    model.spoken.discard(connection)


HEARD_WITHOUT_DATA = [
    ("update", "public-0", {"price": 1.0}),
    ("down", "public-0", None),
    ("update", "market-0", {"price": 1.0}),
    ("silent", "public-0", "book"),
    ("wait", "market-0", 100),
    ("heard", "public-0", "book"),
    ("update", "market-0", {"price": 1.0}),
]


@settings(max_examples=cases(150, 400))
@example(HEARD_WITHOUT_DATA)
@given(st.lists(steps, min_size=12, max_size=40))
def test_nothing_looks_fresh_that_is_not(story_steps: list[tuple[str, str, object]]) -> None:
    """Only an end of which nobody was told may go unnoticed, until the rhythm tells it."""
    story, model, now_s = Story(), Model(), 0.0
    untold: set[str] = set()
    for step in story_steps:
        if step[0] == "lost_down":
            untold.add(step[1])
        elif step[0] in TELLING:
            untold -= set(CONNECTIONS) if step[0] == "reset" else {step[1]}
        now_s = play(story, model, step, now_s)
        story.sweep(now_s)
        records = story.market.tickers()
        if not records:
            continue
        overdue = model.overdue(now_s)
        if overdue or (model.missing() and not untold):
            assert records[0].stale
        if records[0].stale and not untold:
            assert overdue or model.missing()


@settings(max_examples=200)
@given(values, st.lists(values, max_size=20), st.lists(values, max_size=20))
def test_a_merge_of_deltas_is_the_last_full_picture(
    snapshot: dict[str, float | None],
    earlier: list[dict[str, float | None]],
    deltas: list[dict[str, float | None]],
) -> None:
    """Whatever an earlier life said, this one is its snapshot and its deltas, and nothing else."""
    story = Story()
    for number, delta in enumerate(earlier):
        story.say(number, "stream-0", delta, life=1)
    expected = dict(snapshot)
    story.say(100, "stream-0", snapshot, life=2)
    for number, delta in enumerate(deltas):
        expected.update(delta)
        story.say(101 + number, "stream-0", delta, life=2)
    record = story.record()
    assert {name: getattr(record, name) for name in FIELDS} == {name: expected.get(name) for name in FIELDS}


@settings(max_examples=200)
@given(st.lists(st.tuples(st.sampled_from("ABC"), st.booleans(), st.floats(1, 9)), max_size=40))
def test_whoever_follows_the_drains_knows_the_picture(said: list[tuple[str, bool, float]]) -> None:
    market = Market(PATIENCE)
    known: dict[str, Ticker] = {}
    for number, (symbol, drain, price) in enumerate(said):
        ts = EPOCH_NS + number * NS_PER_S
        market.apply(
            Batch(Source("bybit", "spot", "stream-0", 1), [Update(symbol, {"price": price}, ts, ts)])
        )
        if drain:
            known |= {each.symbol: each for each in drained(market)}
    known |= {each.symbol: each for each in drained(market)}
    assert known == {each.symbol: each for each in market.tickers()}
