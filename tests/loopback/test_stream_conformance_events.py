"""Server-sent events as `curl -N` and a browser's `EventSource` hear them: they say what the socket says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import httpx
import pytest

from tests.loopback.stream_picture import Picture
from tests.loopback.stream_theatre import Theatre, theatre
from tests.patience import PATIENCE_S
from tests.web.populated import BTC, ETH, book, trade

pytestmark = pytest.mark.loopback

KEY = "bybit:linear:BTCUSDT"


class Event(NamedTuple):
    """One event, as the standard reads it."""

    kind: str
    id: str
    data: dict[str, Any]


@contextmanager
def events(stage: Theatre, last: str = "", **query: str) -> Iterator[Iterator[Event]]:
    """The events of one request."""
    headers = {"last-event-id": last} if last else {}
    url = f"{stage.url}/api/v1/stream"
    with httpx.stream("GET", url, params=query, headers=headers, timeout=PATIENCE_S) as response:
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"].startswith("text/event-stream")
        yield read(response.iter_lines())


def read(lines: Iterator[str]) -> Iterator[Event]:
    """Events out of lines: an empty line ends one."""
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
        elif "data" in fields:
            yield Event(fields.get("event", "message"), fields.get("id", ""), json.loads(fields["data"]))
            fields = {}


def test_who_reconnects_with_its_last_event_goes_on_there() -> None:
    with theatre() as stage:
        stage.publish(BTC, ETH)
        picture, last = Picture("trades"), ""
        for number in range(1, 31, 3):
            with events(stage, last, channel="trades", symbols="bybit:linear:*") as heard:
                subscribed = next(heard)
                assert (subscribed.kind, subscribed.data["recovered"]) == ("subscribed", bool(last))
                picture.connected()
                event = next(heard)
                assert event.kind == event.data["type"] == ("update" if last else "snapshot")
                picture.take(event.data)
                last = event.id
                assert last == f"{event.data['epoch']}:{event.data['offset']}"
            for each in (number, number + 1, number + 2):  # while nobody is there
                stage.publish(trades={BTC: [trade(each)]})
        assert [each["trade_id"] for each in picture.events] == [str(each) for each in range(1, 28)]


def test_a_book_adds_up_and_the_hub_says_goodbye() -> None:
    with theatre() as stage:
        stage.publish(BTC, books={BTC: book()})
        with events(stage, channel="book", symbols=KEY, depth="5") as heard:
            assert next(heard).data["keys"] == [KEY]
            picture = Picture("book")
            picture.take(next(heard).data)
            for number in range(1, 6):
                stage.publish(books={BTC: book(bids=[(99.0, float(number)), (98.0 - number, 1.0)])})
                picture.take(next(heard).data)
            assert picture.levels(KEY)["bids"] == [[99.0, 5.0], [93.0, 1.0]]
            assert (picture.frames, picture.snapshots) == (6, 1)
            stage.stop()
            assert [event.kind for event in heard][-1] == "going_away"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"channel": "tickers"}, 400),
        ({"channel": "ticker", "rate": "1"}, 400),
        ({"channel": "ticker", "symbols": "bybit:linear:NOPE"}, 404),
    ],
)
def test_what_is_wrong_is_a_problem_document(query: dict[str, str], status: int) -> None:
    with theatre() as stage:
        stage.publish(BTC)
        answer = httpx.get(f"{stage.url}/api/v1/stream", params=query, timeout=PATIENCE_S)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert len(answer.json()["detail"]) > 10
