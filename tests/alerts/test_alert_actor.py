"""The actor and its desk: what survives, what waits, what is told to whom, and what can be changed."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from msgspec import structs

from actors.alerting.inbox import LIQUIDATIONS_MAX, Inbox
from actors.market.alerts.views import Refused
from actors.market.events import Liquidation
from actors.market.reports import Bar
from actors.market.tick import Changes, Tick
from actors.notifiers.base import NotifierError
from actors.runtime.backoff import Backoff
from actors.runtime.errors import StartError
from tests.alerts.judged import BTC, KEY, MONDAY_NS, SECOND_NS, above, rule_of
from tests.alerts.staged import Staged, settle

NOTIFY = {"notify": ["ops"], "notify_on": ["fired", "resolved", "stale"]}


@pytest.fixture
def staged(tmp_path: Path) -> Staged:
    return Staged(tmp_path, [above(100, **NOTIFY)], stale_grace_s=10)


async def test_what_happens_is_followed_kept_and_sent(staged: Staged, autojump_clock: object) -> None:
    async with staged.life():
        assert await staged.price(101) == ["fired"]
        await staged.pass_(10)
        [alert] = await staged.desk.history(None, None, 10)
        assert alert == staged.alerts[0]
        [sent] = staged.ops.sent
        assert (sent.id, sent.kind, sent.title) == (alert.id, "fired", "[warning] rule: ALERT")
        assert not staged.other.sent
        assert staged.desk.report().happenings == {"fired": 1}
        assert staged.desk.notifiers()[0].sent == 1


async def test_a_rule_of_the_api_survives_and_what_it_fired_is_not_told_twice(
    staged: Staged, autojump_clock: object
) -> None:
    async with staged.life():
        assert await staged.desk.put(above(50, name="mine", notify=["ops"]), create=True)
        assert await staged.price(101) == ["fired", "fired"]
        await staged.desk.mute("mine", staged.now_ns() + 3600 * SECOND_NS)
        await staged.pass_(20)
    staged.make()
    async with staged.life():
        assert [view.rule.name for view in staged.desk.rules()] == ["mine", "rule"]
        assert await staged.price(101) == []
        assert {view.standing.state for view in staged.desk.rules()} == {"firing"}
        assert await staged.price(10) == ["resolved", "resolved"]
        assert await staged.price(101) == ["fired", "fired"]
        muted = {each.rule: each.muted for each in staged.alerts[-2:]}
        assert muted == {"rule": False, "mine": True}


async def test_a_new_life_within_one_run_begins_with_the_whole_picture(
    staged: Staged, autojump_clock: object
) -> None:
    async with staged.life():
        assert await staged.price(50) == []
    async with staged.life():
        await staged.pass_(1)
        assert staged.desk.rule("rule").standing.counts["idle"] == 1
        assert await staged.price(101) == ["fired"]


async def test_stale_data_is_told_and_never_fires(staged: Staged, autojump_clock: object) -> None:
    async with staged.life():
        await staged.price(99)
        assert await staged.price(101, "stale") == []
        await staged.pass_(15)
        assert [each.kind for each in staged.alerts] == ["stale"]
        assert staged.desk.rules()[0].standing.state == "stale"
        assert await staged.price(99) == ["fresh"]
        await staged.pass_(20)
        assert [each.kind for each in staged.ops.sent] == ["stale", "fresh"]
        assert staged.desk.report().suppressed["stale"] == 1


async def test_a_picture_that_lacks_an_instrument_makes_it_stale(
    staged: Staged, autojump_clock: object
) -> None:
    async with staged.life():
        await staged.price(99)
        staged.desk.inbox.offer(Tick(BTC[0], staged.now_ns(), [], Changes(), whole=True))
        await staged.pass_(1)
        assert staged.desk.rules()[0].standing.state == "stale"
        assert await staged.price(101) == ["fired"]
        staged.beat(removed=[BTC[1:]])
        await staged.pass_(1)
        assert staged.desk.rules()[0].standing.state == "unknown"


async def test_a_notifier_that_is_down_gets_everything_when_it_is_back(
    staged: Staged, autojump_clock: object
) -> None:
    staged.ops.down = True
    async with staged.life():
        courier = staged.desk.couriers["ops"]
        for _ in range(3):
            await staged.price(101)
            await staged.price(99)
        await staged.pass_(300)
        view = courier.view()
        assert (view.waiting, view.sent, view.last_error) == (6, 0, "down")
        assert 6 < view.failures < 60  # it is not asked for each message, again and again
        staged.ops.down = False
        await staged.pass_(3600)
        assert courier.view().waiting == 0
        assert {each.id for each in staged.ops.sent} == {each.id for each in staged.alerts}


async def test_what_waits_survives_the_hub(staged: Staged, autojump_clock: object) -> None:
    staged.ops.down = True
    async with staged.life():
        await staged.price(101)
    assert not staged.ops.sent
    staged.make()
    async with staged.life():
        assert staged.desk.notifiers()[0].waiting == 1
        staged.ops.down = False
        await staged.pass_(3600)
        assert [each.id for each in staged.ops.sent] == [staged.alerts[0].id]


async def test_one_message_that_is_refused_does_not_hold_up_the_others(
    staged: Staged, autojump_clock: object
) -> None:
    staged.ops.failures = [NotifierError("never", final=True)]
    async with staged.life():
        await staged.price(101)
        await staged.price(99)
        await staged.pass_(60)
        assert [each.kind for each in staged.ops.sent] == ["resolved"]
        assert staged.desk.notifiers()[0].dropped == {"refused": 1}


async def test_it_gives_up_after_a_while_and_says_so(staged: Staged, autojump_clock: object) -> None:
    staged.ops.down = True
    courier = staged.desk.couriers["ops"]
    courier.give_up_after_s, courier.letter_backoff = 60.0, Backoff(20.0, 20.0, draw=lambda: 1.0)
    async with staged.life():
        await staged.price(101)
        await staged.pass_(200)
        assert (courier.waiting, dict(courier.dropped)) == (0, {"gave_up": 1})


async def test_a_notifier_has_its_rate_and_waits_as_it_is_asked_to(
    staged: Staged, autojump_clock: object
) -> None:
    staged.desk.couriers["ops"].per_minute = 6.0
    async with staged.life():
        for _ in range(4):
            await staged.price(101)
            await staged.price(99)
        assert len(staged.ops.sent) <= 2
        await staged.pass_(90)
        assert len(staged.ops.sent) == 8
        staged.ops.failures = [NotifierError("later", retry_after_s=300.0)]
        await staged.price(101)
        await staged.pass_(250)
        assert len(staged.ops.sent) == 8
        await staged.pass_(400)
        assert len(staged.ops.sent) == 9


async def test_the_oldest_of_too_many_go_and_are_counted(tmp_path: Path, autojump_clock: object) -> None:
    staged = Staged(tmp_path, [above(100, **NOTIFY)], waiting_max=3)
    staged.ops.down = True
    async with staged.life():
        for _ in range(4):
            await staged.price(101)
            await staged.price(99)
        view = staged.desk.notifiers()[0]
        assert view.dropped["full"] + view.waiting == 8
        assert view.waiting == 3


async def test_history_is_told_in_pages_and_is_bounded(tmp_path: Path, autojump_clock: object) -> None:
    staged = Staged(tmp_path, [above(100)], history_rows=100)
    async with staged.life():
        for _ in range(60):
            await staged.price(101)
            await staged.price(99)
        newest = await staged.desk.history("rule", None, 60)
        older = await staged.desk.history("rule", newest[-1].number, 60)
        told = [each.id for each in reversed([*newest, *older])]
        assert told == [each.id for each in staged.alerts][-100:]
        assert await staged.desk.history("another", None, 60) == []


async def test_volumes_of_the_past_are_read(tmp_path: Path, autojump_clock: object) -> None:
    staged = Staged(tmp_path, [rule_of({"kind": "volume", "deviations": 3, "bars": 20})])
    before = MONDAY_NS - 20 * 60 * SECOND_NS
    staged.bars = [
        Bar(
            BTC[2],
            60,
            before + number * 60 * SECOND_NS,
            1,
            1,
            1,
            1,
            5 + number % 2,
            None,
            None,
            None,
            True,
            0,
            False,
            "trades",
        )
        for number in range(20)
    ]
    async with staged.life():
        await staged.price(100)
        await staged.pass_(2)
        assert staged.asked == [(BTC, 60, 20)]
        live = structs.replace(staged.bars[0], start_ns=MONDAY_NS, volume=50.0, closed=False)
        staged.beat(bars={BTC[1:]: [live]})
        await staged.pass_(1)
        assert staged.alerts == []  # the tape is not live yet
        assert staged.desk.rules()[0].standing.state == "stale"


@pytest.mark.parametrize(
    ("name", "code"), [("rule", "read_only_rule"), ("preview", "reserved_name"), ("mine", "rule_exists")]
)
async def test_what_cannot_be_put(staged: Staged, autojump_clock: object, name: str, code: str) -> None:
    async with staged.life():
        await staged.desk.put(above(50, name="mine"))
        with pytest.raises(Refused) as caught:
            await staged.desk.put(above(1, name=name), create=True)
        assert caught.value.code == code


async def test_what_else_is_refused(tmp_path: Path, autojump_clock: object) -> None:
    staged = Staged(tmp_path, [above(100)], rules_max=2)
    async with staged.life():
        await staged.desk.put(above(1, name="a"))
        for act, code in (
            (staged.desk.put(above(1, name="b")), "too_many_rules"),
            (staged.desk.put(above(1, name="a", notify=["nobody"])), "bad_rule"),
            (staged.desk.remove("rule"), "read_only_rule"),
            (staged.desk.remove("nothing"), "unknown_rule"),
            (staged.desk.mute("nothing", 0), "unknown_rule"),
            (staged.desk.send_trial("nobody"), "unknown_notifier"),
        ):
            with pytest.raises(Refused) as caught:
                await act
            assert caught.value.code == code
        await staged.desk.remove("a")
        assert [view.rule.name for view in staged.desk.rules()] == ["rule"]


async def test_a_disk_that_takes_nothing_holds_nothing_up(staged: Staged, autojump_clock: object) -> None:
    blocker = staged.folder / "alerts.db"
    blocker.mkdir()  # no file can be made there
    async with staged.life():
        assert await staged.price(101) == ["fired"]
        assert staged.desk.report().trouble
        assert staged.desk.report().unwritten == 1
        with pytest.raises(Refused) as caught:
            await staged.desk.put(above(50, name="mine"))
        assert caught.value.code == "alerts_unavailable"
        blocker.rmdir()
        await staged.pass_(30)
        assert staged.desk.report().unwritten == 0
        assert len(staged.ops.sent) == 1


async def test_a_damaged_file_is_set_aside(staged: Staged, autojump_clock: object) -> None:
    (staged.folder / "alerts.db").write_bytes(b"this is no database" * 100)
    async with staged.life():
        assert await staged.price(101) == ["fired"]
        assert (staged.folder / "alerts.db.bad").exists()
        assert len(await staged.desk.history(None, None, 10)) == 1


async def test_a_file_of_another_process_is_not_touched(staged: Staged, autojump_clock: object) -> None:
    other = sqlite3.connect(staged.folder / "alerts.db", isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("CREATE TABLE mine (a)")
    with pytest.raises(StartError, match="another process"):
        await staged.desk.begin()
    other.close()


async def test_a_trial_tells_whether_it_was_taken(staged: Staged, autojump_clock: object) -> None:
    async with staged.life():
        assert await staged.desk.send_trial("ops") is None
        staged.ops.down = True
        assert await staged.desk.send_trial("ops") == "down"
        assert [each.kind for each in staged.ops.sent] == ["test"]


async def test_a_rule_that_is_changed_while_it_fires_is_not_open_for_ever(
    staged: Staged, autojump_clock: object
) -> None:
    async with staged.life():
        await staged.desk.put(above(50, name="mine"))
        await staged.price(60)
        await staged.desk.put(above(200, name="mine"))
    staged.make()
    async with staged.life():
        assert await staged.price(60) == []
        assert staged.desk.rule("mine").standing.state == "idle"
        assert staged.desk.meant_by(above(1, keys=["*:*:BTC*"]), 5) == ([BTC], 1)


def test_liquidations_that_the_inbox_cannot_hold_are_counted() -> None:
    inbox = Inbox()
    some = [Liquidation(BTC[2], "long", 1.0, 1.0, number, number) for number in range(LIQUIDATIONS_MAX + 7)]
    inbox.offer(Tick(BTC[0], 1, [], Changes(liquidations={BTC[1:]: some})))
    assert (len(inbox.take().liquidations), inbox.dropped) == (LIQUIDATIONS_MAX, 7)


async def test_of_many_ticks_at_once_the_newest_counts(staged: Staged, autojump_clock: object) -> None:
    async with staged.life():
        for price in (99.0, 150.0, 98.0):
            staged.publish(price)
        await settle()
        assert staged.alerts == []
        assert staged.desk.rule("rule").standing.subjects[0].value == 98.0
        assert staged.desk.rule("rule").standing.subjects[0].subject == KEY
