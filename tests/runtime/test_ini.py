"""The settings file: what ships is right, and every mistake is named with what would be right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.exchanges import exchanges
from actors.runtime.errors import SettingsError
from actors.runtime.ini import read_settings, write_settings
from actors.runtime.settings import (
    DataSettings,
    ExchangeSettings,
    MarketSettings,
    Settings,
    SupervisorSettings,
    WebSettings,
)

SHIPPED = Path(__file__).parents[2] / "settings.ini"
EXCHANGES = ["binance", "bybit"]
GOOD = "[exchange:bybit]\nlinear = BTCUSDT\n"


def read(tmp_path: Path, text: str, **environment: str) -> Settings:
    path = tmp_path / "settings.ini"
    path.write_text(text, encoding="utf-8")
    return read_settings(path, environment, EXCHANGES)


def problems(tmp_path: Path, text: str, **environment: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text, **environment)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return caught.value.problems


def test_the_shipped_file_says_what_the_defaults_are() -> None:
    shipped = read_settings(SHIPPED, {}, exchanges())
    assert shipped.supervisor == SupervisorSettings()
    assert shipped.market == MarketSettings()
    assert shipped.web == WebSettings()
    assert shipped.data == DataSettings()
    assert set(shipped.exchanges) == set(exchanges())


def test_the_shipped_file_names_every_key() -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    for struct in (SupervisorSettings, MarketSettings, WebSettings, DataSettings):
        for key in struct.__struct_fields__:
            assert re.search(rf"^{key} =", text, re.MULTILINE), key


def test_lists_are_separated_by_commas_or_lines(tmp_path: Path) -> None:
    text = "[exchange:bybit]\nlinear = BTCUSDT,ETHUSDT\n  SOLUSDT xyz:NVDA,\n  HYPE/USDC\nspot = top:20\n"
    bybit = read(tmp_path, text).exchanges["bybit"]
    assert bybit.linear == ("BTCUSDT", "ETHUSDT", "SOLUSDT", "xyz:NVDA", "HYPE/USDC")
    assert bybit.spot == ("top:20",)


def test_books_are_named_like_symbols_and_channels_are_switched(tmp_path: Path) -> None:
    text = "[exchange:bybit]\nlinear = *\nlinear_books = BTCUSDT, top:5\ntrades = no\n"
    bybit = read(tmp_path, text).exchanges["bybit"]
    assert (bybit.books("linear"), bybit.books("spot")) == (("BTCUSDT", "top:5"), ())
    assert (bybit.trades, bybit.liquidations) == (False, True)
    written = write_settings(read(tmp_path, text))
    assert {"linear_books = BTCUSDT, top:5", "trades = no", "liquidations = yes"} <= set(written.split("\n"))
    assert {"book_depth = 50", "book_grace_s = 60", "trades_kept = 500"} <= set(written.split("\n"))


@pytest.mark.parametrize("word", ["no", "off", "0", "False", "NO"])
def test_yes_and_no_have_many_spellings(tmp_path: Path, word: str) -> None:
    text = f"{GOOD}[exchange:binance]\nenabled = {word}\n"
    assert not read(tmp_path, text).exchanges["binance"].enabled


def test_a_mark_of_byte_order_is_no_mistake(tmp_path: Path) -> None:
    assert read(tmp_path, "\ufeff" + GOOD).exchanges["bybit"].linear == ("BTCUSDT",)


def test_the_environment_wins(tmp_path: Path) -> None:
    got = read(
        tmp_path,
        "[web]\nport = 1\n" + GOOD,
        TICKWELL_WEB_PORT=" 9000 ",
        TICKWELL_EXCHANGE_BYBIT_LINEAR="ETHUSDT, SOLUSDT",
        TICKWELL_EXCHANGE_BINANCE_SPOT="BTCUSDT",
        PATH="/bin",
    )
    assert got.web.port == 9000
    assert got.exchanges["bybit"].linear == ("ETHUSDT", "SOLUSDT")
    assert got.exchanges["binance"] == ExchangeSettings(spot=("BTCUSDT",))


def test_what_kubernetes_says_about_a_service_is_not_for_us(tmp_path: Path) -> None:
    links = {
        "TICKWELL_PORT": "tcp://10.0.0.1:80",
        "TICKWELL_SERVICE_HOST": "10.0.0.1",
        "TICKWELL_PORT_80_TCP_ADDR": "10.0.0.1",
    }
    read(tmp_path, GOOD, KUBERNETES_SERVICE_HOST="10.0.0.2", **links)
    assert len(problems(tmp_path, GOOD, **links)) == 3


MISTAKES = {
    "[wbe]\nport = 1\n": "[wbe]: unknown section; did you mean web?",
    "[DEFAULT]\nport = 1\n": "[DEFAULT]: unknown section; known are supervisor, market, web, stream, data, ",
    "[exchange:bibyt]\n": "[exchange:bibyt]: unknown exchange; did you mean exchange:bybit?",
    "[exchange:ftx]\n": "[exchange:ftx]: unknown exchange; ",
    "[web]\nprot = 1\n": "[web] prot = 1: unknown key; did you mean port?",
    "[web]\nport = http\n": "[web] port = http: must be a whole number from 0 to 65535",
    "[web]\nport = 65536\n": "[web] port = 65536: must be a whole number from 0 to 65535",
    "[web]\nport = 80.5\n": "[web] port = 80.5: must be a whole number from 0 to 65535",
    "[web]\nport =\n": "[web] port = : must be a whole number from 0 to 65535",
    "[web]\nhost =\n": "[web] host = : must be one line of text",
    "[data]\ndirectory = a\n  b\n": "[data] directory = a\nb: must be one line of text",
    "[supervisor]\nreconnect_delay_s = 0\n": "must be a number of seconds above 0 to 3600",
    "[supervisor]\nreconnect_delay_s = nan\n": "must be a number of seconds above 0 to 3600",
    "[supervisor]\nshutdown_grace_s = inf\n": "must be a number of seconds above 0 to 300",
    "[supervisor]\nlog_level = loud\n": "log_level = loud: must be one of debug, error, info, warning",
    "[supervisor]\nreconnect_delay_s = 9\nreconnect_delay_max_s = 3\n": "must be at least reconnect_delay_s",
    "[market]\nsnapshot_interval_s = 0.05\n": "must be a number of seconds from 0.1 to 1",
    "[market]\nstale_after_min_s = 90\n": "must be at least stale_after_min_s, which is 90",
    "[web]\ntls_key = k.pem\n": "[web] tls_certificate is missing",
    "[web]\ntls_certificate = c.pem\n": "[web] tls_key is missing",
    "[exchange:binance]\nenabled = perhaps\n": "[exchange:binance] enabled = perhaps: must be yes or no",
    "[exchange:binance]\nspot = A, B, A\n": "[exchange:binance] spot = … A …: stands there twice",
    "[exchange:binance]\nspot = BTC$\n": "spot = … BTC$ …: must be symbols such as BTCUSDT, or *, or top:N",
    "[exchange:binance]\nspot_rest_url = ws://h\n": "spot_rest_url = ws://h: must begin with http:// or https://",
    "[exchange:binance]\nspot_stream_url = wss://\n": "must begin with ws:// or wss:// and name a host",
    "[market]\nbook_depth = 201\n": "book_depth = 201: must be a whole number from 1 to 200",
    "[market]\nbook_grace_s = 0\n": "book_grace_s = 0: must be a number of seconds from 1 to 3600",
    "[exchange:binance]\ntrades = some\n": "[exchange:binance] trades = some: must be yes or no",
    "[exchange:binance]\nspot = A\nspot_books = A, A\n": "spot_books = … A …: stands there twice",
    "[exchange:binance]\nspot = A\nspot_books = A$\n": "spot_books = … A$ …: must be symbols such as",
    "[exchange:binance]\nlinear_books = A\n": "linear_books: nothing of linear is followed; name its symbols",
    "[web]\nport = 1\nhost = h\nPort = 2\n": "[web] port: stands on lines 4 and 6; keep one",
    "[web]\nport 80\n": "line 4: must be a [section], key = value, or # a comment",
}


@pytest.mark.parametrize("text", MISTAKES, ids=lambda text: text.replace("\n", " "))
def test_a_mistake_is_named_with_what_would_be_right(tmp_path: Path, text: str) -> None:
    [problem] = problems(tmp_path, GOOD + text)
    assert MISTAKES[text] in problem


@pytest.mark.parametrize("symbol", ["top:0", "top:-5", "top:abc", "top:*", "top:", "TOP:5", "top:100000"])
def test_a_top_that_counts_nothing_is_a_mistake(tmp_path: Path, symbol: str) -> None:
    [problem] = problems(tmp_path, f"[exchange:bybit]\nlinear = {symbol}")
    assert f"… {symbol} …: must be" in problem


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = "".join(MISTAKES).replace("[web]\nport 80\n", "").replace("[DEFAULT]\nport = 1\n", "")
    told = problems(tmp_path, text, TICKWELL_WEBPORT="1", TICKWELL_WEB_CLIENTS_MAX="0")
    assert len(told) > 15
    assert any(each.startswith("TICKWELL_WEBPORT=1: unknown environment variable") for each in told)
    assert any("clients_max = 0: must be a whole number from 1" in each for each in told)


def test_a_file_without_a_section_says_so(tmp_path: Path) -> None:
    [problem] = problems(tmp_path, "# comment\nport = 1\n")
    assert problem.endswith("settings.ini, line 2: stands before the first [section]")


def test_nothing_to_follow_is_a_mistake(tmp_path: Path) -> None:
    [problem] = problems(tmp_path, "")
    assert problem == "no exchange is enabled: give one of exchange:binance, exchange:bybit symbols to follow"
    assert problems(tmp_path, GOOD + "enabled = no") == [problem]


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.ini: cannot be read: No such file") as caught:
        read_settings(tmp_path / "nowhere.ini", {}, EXCHANGES)
    assert len(caught.value.problems) == 1
    binary = tmp_path / "binary.ini"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="cannot be read: 'utf-8' codec"):
        read_settings(binary, {}, EXCHANGES)


@pytest.mark.parametrize(
    "text",
    [
        "[web]\ncontrol_tokn = s3cret\n",
        "[supervisor]\ncontrol_token = s3cret\n",
        "[web]\ncontrol_token s3cret\n",
        "[web]\ncontrol_token = a\n  s3cret\n",
        "[web]\ncontrol_token = s3cret\ncontrol_token = s3cret\n",
        "control_token = s3cret\n",
    ],
)
def test_no_problem_shows_a_secret(tmp_path: Path, text: str) -> None:
    assert "s3cret" not in "\n".join(problems(tmp_path, text + GOOD))


def test_no_problem_shows_a_secret_of_the_environment(tmp_path: Path) -> None:
    [problem] = problems(tmp_path, GOOD, TICKWELL_WEB_CONTROL_TOKN="s3cret")
    assert problem.startswith(
        "TICKWELL_WEB_CONTROL_TOKN=(hidden): unknown environment variable; did you mean"
    )


def test_what_is_written_shows_no_secret_and_sets_none(tmp_path: Path) -> None:
    written = write_settings(read(tmp_path, "[web]\ncontrol_token = s3cret\n" + GOOD))
    assert "s3cret" not in written and "# control_token is set" in written
    assert read(tmp_path, written).web.control_token == ""


def test_what_is_written_reads_back(tmp_path: Path) -> None:
    shipped = read_settings(SHIPPED, {}, [*EXCHANGES, "hyperliquid"])
    path = tmp_path / "written.ini"
    path.write_text(write_settings(shipped), encoding="utf-8")
    assert read_settings(path, {}, [*EXCHANGES, "hyperliquid"]) == shipped


@settings(max_examples=60)
@given(st.floats(0.1, 1.0), st.floats(1, 3600), st.integers(0, 65535), st.booleans(), st.text(min_size=1))
def test_whatever_is_written_reads_back(
    tmp_path_factory: pytest.TempPathFactory,
    interval_s: float,
    floor_s: float,
    port: int,
    enabled: bool,
    directory: str,
) -> None:
    name = directory.strip()
    told = Settings(
        supervisor=SupervisorSettings(),
        market=MarketSettings(
            snapshot_interval_s=interval_s, stale_after_min_s=floor_s, stale_after_max_s=3600
        ),
        web=WebSettings(port=port, allowed_origins=("https://a.example", "https://b.example")),
        data=DataSettings(name if name and name.isprintable() else "data"),
        exchanges={"bybit": ExchangeSettings(linear=("*",)), "binance": ExchangeSettings(enabled=enabled)},
    )
    path = tmp_path_factory.getbasetemp() / "written.ini"
    path.write_text(write_settings(told), encoding="utf-8")
    assert read_settings(path, {}, ["bybit", "binance"]) == told


@pytest.mark.parametrize("origin", ["example.org", "https://example.org/page", "ftp://example.org"])
def test_an_origin_that_can_never_match_is_refused(tmp_path: Path, origin: str) -> None:
    path = tmp_path / "settings.ini"
    path.write_text(f"[web]\nallowed_origins = https://good.example, {origin}\n[exchange:bybit]\nspot = A\n")
    with pytest.raises(SettingsError) as caught:
        read_settings(path, {}, EXCHANGES)
    assert len(caught.value.problems) == 1
    assert origin in caught.value.problems[0] and "allowed_origins" in caught.value.problems[0]


def test_questdb_is_found_where_its_users_say_it_and_ours_wins(tmp_path: Path) -> None:
    server, ours = "http://admin:quest@10.0.0.1:9000", "http://127.0.0.1:9000"
    enabled = GOOD + "[sink:questdb]\nenabled = yes\nurl =\n"
    assert read(tmp_path, enabled, QUESTDB_URL=server).questdb.url == server
    both = {"QUESTDB_URL": server, "TICKWELL_SINK_QUESTDB_URL": ours}
    assert read(tmp_path, enabled, **both).questdb.url == ours
    assert "quest@" not in write_settings(read(tmp_path, enabled, QUESTDB_URL=server))


def test_a_questdb_without_an_address_is_a_mistake(tmp_path: Path) -> None:
    [problem] = problems(tmp_path, GOOD + "[sink:questdb]\nenabled = yes\n")
    assert problem.startswith("[sink:questdb] url is missing")


def test_redis_is_found_where_its_users_say_it(tmp_path: Path) -> None:
    enabled = GOOD + "[sink:redis]\nenabled = yes\n"
    redis, dragonfly, ours = (f"redis://:hunter{number}@127.0.0.1" for number in (1, 2, 3))
    assert read(tmp_path, enabled, REDIS_URL=redis).redis.url == redis
    assert read(tmp_path, enabled, REDIS_URL=redis, DRAGONFLY_URL=dragonfly).redis.url == dragonfly
    both = {"REDIS_URL": redis, "TICKWELL_SINK_REDIS_URL": ours}
    assert read(tmp_path, enabled, **both).redis.url == ours
    assert "hunter" not in write_settings(read(tmp_path, enabled, REDIS_URL=redis))
    [problem] = problems(tmp_path, enabled)
    assert problem == "[sink:redis] url is missing: such as redis://127.0.0.1:6379"
