"""`GET /metrics`: formats that Prometheus reads, for those who may read, and books that balance."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from actors.intake import Intake, Recording
from actors.market.recording import Recorder
from actors.market.rows import Row
from actors.market.sinkstatus import SinkStatus
from actors.market.tick import Changes, Tick
from tests.web.harness import NOW_NS, application
from tests.web.populated import BTC, OFFERS, populated, trade
from tests.web.test_health_sinks import sink
from web.metrics.scrape import FAMILIES, Scraper

DEPLOY = Path(__file__).parents[2] / "deploy"
PROMTOOL = shutil.which("promtool")
PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
ROW_PARTS = ("written_rows_total", "in_hand_rows", "outbox_rows", "dropped_rows_total")

needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="there is no promtool: install Debian's package prometheus"
)


async def fetched(headers: dict[str, str] | None = None, **more: Any) -> tuple[dict[str, str], bytes]:
    app = application(populated(), offers=OFFERS, sinks=lambda: [sink(), sink(name="questdb")], **more)
    response = await app.test_client().get("/metrics", headers=headers or {})
    assert response.status_code == 200
    return dict(response.headers), await response.get_data(as_text=False)


def samples(families: list[Metric]) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
        if sample.name.startswith("tickwell_")
    }


async def test_both_formats_say_the_same() -> None:
    headers, body = await fetched()
    assert headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    text = list(read_text(body.decode()))
    headers, body = await fetched({"Accept": PROMETHEUS})
    assert headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    openmetrics = list(read_openmetrics(body.decode()))  # type: ignore[no-untyped-call]
    assert samples(text) == samples(openmetrics)
    kinds = {family.name: family.type for family in text}
    for family in FAMILIES:
        # Both parsers name a counter's family without its ending.
        assert kinds[family.full_name.removesuffix("_total")] == family.kind


async def test_the_process_is_told_too() -> None:
    _, body = await fetched()
    assert b"\nprocess_open_fds " in body
    assert b"\nprocess_resident_memory_bytes " in body


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "text/plain"),
        ("*/*", "text/plain"),
        ("text/html,*/*;q=0.8", "text/plain"),
        ("application/openmetrics-text", "application/openmetrics-text"),
        ("application/openmetrics-text; version=99", "application/openmetrics-text"),
        ("application/openmetrics-text; version=nonsense", "application/openmetrics-text"),
        ("application/openmetrics-text; q=0, text/plain", "text/plain"),
    ],
)
async def test_who_reads_what(accept: str, kind: str) -> None:
    headers, _ = await fetched({"Accept": accept})
    assert headers["content-type"].startswith(kind)


async def test_it_is_compressed_for_those_who_ask_for_that() -> None:
    headers, body = await fetched({"Accept-Encoding": "gzip"})
    assert headers["content-encoding"] == "gzip"
    _, plain = await fetched()
    assert samples(list(read_text(gzip.decompress(body).decode()))) == samples(
        list(read_text(plain.decode()))
    )
    assert len(body) < len(plain) / 4
    headers, _ = await fetched({"Accept-Encoding": "gzip;q=0"})
    assert "content-encoding" not in headers


async def test_it_is_guarded_like_all_else() -> None:
    client = application(populated()).test_client()
    assert (await client.get("/metrics", headers={"Host": "evil.example"})).status_code == 421
    assert (await client.post("/metrics")).status_code == 405


async def test_two_readers_at_once_get_whole_answers() -> None:
    app = application(populated(), sinks=lambda: [sink()])
    scraper = Scraper(app.extensions["tickwell"])
    answers: list[bytes] = []

    async def ask() -> None:
        answers.append(await scraper.answer("text", compress=False))

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(ask)
    assert len(answers) == 5
    assert len({frozenset(samples(list(read_text(each.decode())))) for each in answers}) == 1


def books(body: str) -> dict[str, tuple[float, float]]:
    """Of each sink: what it was given, and where that is."""
    given_rows: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for (name, labels), value in samples(list(read_text(body))).items():
        part = name.removeprefix("tickwell_sink_")
        if part == "accepted_rows_total":
            given_rows[dict(labels)["sink"]] += int(value)
        elif part in ROW_PARTS:
            found[dict(labels)["sink"]] += int(value)
    return {name: (given_rows[name], found[name]) for name in given_rows}


async def test_the_books_of_two_sinks_balance() -> None:
    _, body = await fetched()
    assert books(body.decode()) == {"history": (100, 100), "questdb": (100, 100)}


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.sampled_from(("come", "written", "outbox", "replayed", "old")), st.integers(1, 9)))
)
def test_the_books_balance_whatever_happens(steps: list[tuple[str, int]]) -> None:
    send, _receive = trio.open_memory_channel[list[Row]](4)
    intake = Intake(send, SinkStatus("history"), lambda: NOW_NS, rows_max=12)
    recording = Recording(lambda: NOW_NS, {"history": (Recorder(), intake)})
    app = application(populated(), sinks=recording.reports)
    come = 0
    for step, count in steps:
        if step == "come":
            trades = [trade(come + number) for number in range(count)]
            recording.note(Tick("bybit", NOW_NS, [], Changes(trades={BTC: trades})))
            come += count
        else:
            move(intake.status, step, count)
        body = trio.run(scraped, Scraper(app.extensions["tickwell"]))
        assert books(body) == {"history": (come, come)}


async def scraped(scraper: Scraper) -> str:
    return (await scraper.answer("text", compress=False)).decode()


def move(status: SinkStatus, step: str, count: int) -> None:
    """What the sink's actor does with rows, as far as there are any."""
    from_hand, from_disk = min(count, status.in_hand), min(count, status.outbox_rows)
    if step == "written":
        status.in_hand, status.written = status.in_hand - from_hand, status.written + from_hand
    elif step == "outbox":
        status.in_hand, status.outbox_rows = status.in_hand - from_hand, status.outbox_rows + from_hand
    elif step == "replayed":
        status.outbox_rows, status.written = status.outbox_rows - from_disk, status.written + from_disk
    else:
        status.outbox_rows -= from_disk
        status.dropped["too_old"] += from_disk


# What we hand to those who run Prometheus


def promtool(*arguments: str, given_bytes: bytes = b"") -> str:
    assert PROMTOOL is not None
    done = subprocess.run(
        [PROMTOOL, *arguments], input=given_bytes, capture_output=True, check=False, timeout=60
    )
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, said
    return said


@needs_promtool
async def test_promtool_finds_no_fault_with_our_metrics() -> None:
    _, body = await fetched()
    assert promtool("check", "metrics", given_bytes=body) == ""


@needs_promtool
def test_promtool_takes_our_configuration_and_its_alerts() -> None:
    assert "SUCCESS" in promtool("check", "config", str(DEPLOY / "prometheus.yml"))


@needs_promtool
def test_the_alerts_fire_when_they_should() -> None:
    assert "SUCCESS" in promtool("test", "rules", str(DEPLOY / "alerts_test.yml"))


def test_alerts_and_dashboard_ask_for_metrics_that_exist() -> None:
    known = {family.full_name for family in FAMILIES}
    known |= {f"{each.full_name}_bucket" for each in FAMILIES if each.kind == "histogram"}
    dashboard = json.loads((DEPLOY / "grafana" / "overview.json").read_text(encoding="utf-8"))
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    assert len(asked) > 10
    for text in (*asked, (DEPLOY / "alerts.yml").read_text(encoding="utf-8")):
        named = set(re.findall(r"tickwell_[a-z_]+", text))
        assert named or "process_" in text
        assert named <= known, f"{sorted(named - known)} in {text[:80]}"
