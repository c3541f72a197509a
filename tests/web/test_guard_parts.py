"""The parts of the gate by themselves: addresses, rates, tokens, tickets, and who makes way at the door."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.runtime.settings import TokenSettings
from actors.runtime.tokens import expiry_ns, hash_of, is_hash, matches, name_in, token_of
from web.guard import rates
from web.guard.addresses import client_address, is_within, networks_of, share_of
from web.guard.keyring import Holder, Keyring
from web.guard.rates import Rate
from web.guard.room import SILENT_S, Guest, Room
from web.guard.tickets import TICKET_S, TICKETS_OF_ONE_MAX, Tickets
from web.transport import Wire

SALT = bytes(range(16))
TOKEN = token_of("bot", "s3cret_with-all_signs")
EXPIRES = "2027-01-31T12:00:00Z"
EXPIRES_NS = 1_801_396_800_000_000_000
KEYS = Keyring({"bot": TokenSettings(hash_of(TOKEN, SALT), ("read",), EXPIRES)}, "old-control")

# Addresses


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.9", "203.0.113.5", "192.0.2.9"),
        ("10.0.0.1", "203.0.113.5", "203.0.113.5"),
        ("10.0.0.1", "127.0.0.1, 203.0.113.5", "203.0.113.5"),
        ("10.0.0.1", "203.0.113.5, 10.9.9.9", "203.0.113.5"),
        ("10.0.0.1", "10.0.0.7", "10.0.0.7"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.5, unknown", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.5, evil\r\nx: y, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "203.0.113.5:4711", "203.0.113.5"),
        ("10.0.0.1", "[2001:db8::5]:4711", "2001:db8::5"),
        ("::ffff:10.0.0.1", "203.0.113.5", "203.0.113.5"),
        ("fd00::1", "2001:db8::5", "2001:db8::5"),
        ("10.0.0.1", "203.0.113.5" + ", 10.0.0.2" * 100, "10.0.0.2"),
        ("", "203.0.113.5", ""),
    ],
)
def test_the_rightmost_address_that_no_proxy_of_ours_has_is_the_client(
    peer: str, forwarded: str, address: str
) -> None:
    assert client_address(peer, forwarded, networks_of(["10.0.0.0/8", "fd00::1"])) == address


@given(st.text(max_size=100))
def test_whatever_is_forwarded_the_client_is_an_address(forwarded: str) -> None:
    found = client_address("10.0.0.1", forwarded, networks_of(["10.0.0.0/8"]))
    assert is_within(found, networks_of(["0.0.0.0/0", "::/0"]))


def test_a_limit_counts_an_ipv6_network_as_one() -> None:
    assert share_of("2001:db8:1:2:3::4") == share_of("2001:db8:1:2::9") != share_of("2001:db8:1:3::4")
    assert share_of("::ffff:192.0.2.1") == share_of("192.0.2.1") != share_of("192.0.2.2")


# Rates


def test_a_burst_and_then_a_rate() -> None:
    rate = Rate(per_s=2, burst=3)
    assert [rate.take("a", 0.0) for _ in range(3)] == [0, 0, 0]
    assert rate.take("a", 0.0) == pytest.approx(0.5)
    assert rate.take("b", 0.0) == 0
    assert rate.take("a", 0.49) > 0
    assert rate.take("a", 0.5) == 0
    assert [rate.take("a", 100.0) for _ in range(4)] == [0, 0, 0, pytest.approx(0.5)]


def test_buckets_that_are_full_again_are_forgotten_and_there_are_never_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rates, "BUCKETS_MAX", 10)
    rate = Rate(per_s=1, burst=5)
    for number in range(100):
        rate.take(f"address {number}", 0.0)
    assert len(rate) == 10
    for number in range(30):
        rate.take(f"later {number}", 10.0)
    assert len(rate) <= 10


@given(st.lists(st.floats(0, 3), min_size=1, max_size=60))
def test_nobody_gets_more_than_the_burst_and_the_rate(pauses_s: list[float]) -> None:
    rate, now_s, taken = Rate(per_s=3, burst=4), 0.0, 0
    for pause_s in pauses_s:
        now_s += pause_s
        taken += rate.take("a", now_s) == 0
    assert taken <= 4 + 3 * now_s + 1e-6


# Tokens


def test_a_token_is_found_by_its_name_and_its_hash() -> None:
    found = KEYS.find(f"Bearer {TOKEN}", EXPIRES_NS - 1)
    assert found == Holder("bot", frozenset({"read"}), EXPIRES_NS)
    assert found.may("read") and not found.may("control")
    control = KEYS.find("bearer  old-control ", 0)
    assert isinstance(control, Holder) and control.may("control") and control.may("read")


@pytest.mark.parametrize(
    ("authorization", "now_ns", "refusal"),
    [
        (f"Bearer {TOKEN}", EXPIRES_NS, "expired"),
        (f"Bearer {TOKEN}x", 0, "unknown"),
        (f"Bearer {TOKEN[:-1]}", 0, "unknown"),
        (f"Bearer {TOKEN.replace('bot', 'bat')}", 0, "unknown"),
        ("Bearer tw_bot_", 0, "unknown"),
        ("Bearer " + "tw_" * 2000, 0, "unknown"),
        ("Bearer t\xe9\ud800", 0, "unknown"),
        ("Bearer ", 0, "unknown"),
        ("Bearer", 0, "unknown"),
        (f"Basic {TOKEN}", 0, "missing"),
        (TOKEN, 0, "missing"),
        ("", 0, "missing"),
    ],
)
def test_anything_else_opens_nothing(authorization: str, now_ns: int, refusal: str) -> None:
    assert KEYS.find(authorization, now_ns) == refusal


@given(st.text(max_size=80))
def test_no_text_opens_an_empty_ring(text: str) -> None:
    assert Keyring({}).find(f"Bearer {text}", 0) == "unknown"


@pytest.mark.parametrize("token", [TOKEN, TOKEN + "x", "tw_nobody_secret", "old-control", "nonsense", ""])
def test_secrets_are_compared_in_constant_time_and_equally_often(
    token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is shown but the control token itself: one comparison with that, one with a hash, of equal
    lengths."""
    compared: list[tuple[int, int]] = []
    real: Callable[[Any, Any], bool] = hmac.compare_digest

    def compare(a: Any, b: Any) -> bool:
        compared.append((len(a), len(b)))
        return real(a, b)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    KEYS.find(f"Bearer {token}", 0)
    assert compared == [(32, 32), (64, 64)][: 1 if token == "old-control" else 2]


def test_two_hashes_of_one_token_differ() -> None:
    first, second = hash_of(TOKEN, SALT), hash_of(TOKEN, bytes(16))
    assert first != second
    assert matches(TOKEN, first) and matches(TOKEN, second)
    assert TOKEN.rpartition("_")[2] not in first + second
    assert not matches(TOKEN, "") and not matches("", "") and not is_hash(TOKEN)


@pytest.mark.parametrize("token", ["tw_bot", "tw__x", "xx_bot_x", "tw_BOT_x", "tw_../x_y", "tw_a b_y", ""])
def test_what_is_no_token_has_no_name(token: str) -> None:
    assert name_in(token) == ""


def test_a_date_is_its_beginning_in_utc() -> None:
    assert expiry_ns(EXPIRES) == expiry_ns("2027-01-31T13:00:00+01:00") == EXPIRES_NS
    assert expiry_ns("2027-01-31") == EXPIRES_NS - 12 * 3600 * 10**9
    assert expiry_ns("") is None
    with pytest.raises(ValueError, match="30d"):
        expiry_ns("30d")


# Tickets


def test_a_ticket_is_good_once_and_for_a_while() -> None:
    tickets, bot = Tickets(), Holder("bot", frozenset({"read"}))
    first, second = tickets.issue(bot, 0.0), tickets.issue(bot, 0.0)
    assert first != second
    assert tickets.redeem(first, TICKET_S - 0.1) == bot
    assert tickets.redeem(first, TICKET_S - 0.1) is None
    assert tickets.redeem(second, TICKET_S) is None
    assert tickets.redeem("nonsense", 0.0) is None
    assert len(tickets) == 0


def test_tickets_are_bounded_and_one_holder_takes_nobody_elses() -> None:
    tickets = Tickets()
    other = tickets.issue(Holder("other", frozenset({"read"})), 0.0)
    mine = [tickets.issue(Holder("bot", frozenset({"read"})), 0.0) for _ in range(TICKETS_OF_ONE_MAX + 5)]
    assert len(tickets) == TICKETS_OF_ONE_MAX + 1
    assert tickets.redeem(mine[4], 1.0) is None
    assert tickets.redeem(mine[5], 1.0) is not None
    assert tickets.redeem(other, 1.0) is not None
    tickets.issue(Holder("bot", frozenset({"read"})), TICKET_S + 1)
    assert len(tickets) == 1


# Room


class FakeWire:
    """A connection that has asked nothing."""


def enter(room: Room, address: str, now_s: float = 0.0) -> Guest | str:
    return room.enter(cast(Wire, FakeWire()), address, now_s)


def test_an_address_has_so_many_places_and_some_have_all() -> None:
    room = Room(5, 2, lambda address: address == "10.0.0.1")
    guests = [enter(room, "192.0.2.1") for _ in range(2)]
    assert enter(room, "192.0.2.1") == "address"
    assert isinstance(enter(room, "192.0.2.2"), Guest)
    assert all(isinstance(enter(room, "10.0.0.1"), Guest) for _ in range(2))
    assert enter(room, "192.0.2.9") == "full"
    assert isinstance(guests[0], Guest)
    room.leave(guests[0])
    room.leave(guests[0])
    assert isinstance(enter(room, "192.0.2.1"), Guest)
    assert enter(room, "192.0.2.1") == "address"


def test_the_longest_silent_makes_way_and_only_when_there_is_no_room() -> None:
    room = Room(3, 9, lambda _: False)
    first, second = enter(room, "192.0.2.1", 0.0), enter(room, "192.0.2.1", 1.0)
    assert room.longest_silent(100.0) is None
    enter(room, "192.0.2.1", 2.0)
    assert room.longest_silent(SILENT_S - 0.1) is None
    assert room.longest_silent(100.0) is first
    assert isinstance(enter(room, "192.0.2.2", 100.0), Guest)
    assert room.longest_silent(100.0) is second


def test_who_has_asked_never_makes_way() -> None:
    room = Room(2, 9, lambda _: False)
    busy, silent = enter(room, "192.0.2.1"), enter(room, "192.0.2.1")
    assert isinstance(busy, Guest)
    Asked = type("Asked", (Guest,), {"has_asked": property(lambda _: True)})  # noqa: N806
    busy.__class__ = Asked
    assert room.longest_silent(100.0) is silent
    enter(room, "192.0.2.1", 100.0)
    assert room.longest_silent(100.5) is None
