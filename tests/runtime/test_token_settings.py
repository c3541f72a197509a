"""`[token:NAME]` and the other keys of the gate: what is right, and what every mistake is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.runtime.errors import SettingsError
from actors.runtime.ini import read_settings, write_settings
from actors.runtime.settings import Settings, TokenSettings
from actors.runtime.tokens import hash_of

HASH = hash_of("tw_bot_secret", bytes(16))
FOLLOWED = "[exchange:bybit]\nlinear = BTCUSDT\n"
TOKEN = f"[token:bot]\nhash = {HASH}\n"


def read(tmp_path: Path, text: str, **environment: str) -> Settings:
    path = tmp_path / "settings.ini"
    path.write_text(FOLLOWED + text, encoding="utf-8")
    return read_settings(path, environment, ["bybit"])


def problems(tmp_path: Path, text: str, **environment: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text, **environment)
    return caught.value.problems


def test_a_token_is_a_section_with_a_name(tmp_path: Path) -> None:
    text = TOKEN + f"scopes = read, control\nexpires = 2027-01-31T12:00:00Z\n[token:top-2]\nhash = {HASH}\n"
    assert read(tmp_path, text).tokens == {
        "bot": TokenSettings(HASH, ("read", "control"), "2027-01-31T12:00:00Z"),
        "top-2": TokenSettings(HASH, ("read",)),
    }
    assert read(tmp_path, "").tokens == {}


def test_the_environment_may_hold_the_hash(tmp_path: Path) -> None:
    settings = read(tmp_path, "[token:bot]\n", TICKWELL_TOKEN_BOT_HASH=HASH)
    assert settings.tokens["bot"].hash == HASH


def test_the_token_that_commands_show_is_no_setting(tmp_path: Path) -> None:
    read(tmp_path, "", TICKWELL_TOKEN="tw_bot_secret")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[token:bot]\n", "[token:bot] hash: must be what `token create` prints"),
        ("[token:bot]\nhash = sha256:00:11\n", "[token:bot] hash: must be what"),
        (TOKEN + "scopes = write\n", "[token:bot] scopes = write: must be of read, control"),
        (TOKEN + "scopes =\n", "[token:bot] scopes = : must be of read, control"),
        (TOKEN + "expires = 30d\n", "[token:bot] expires = 30d: must be a time such as 2027-01-31"),
        (TOKEN + "expires = 2027-02-30\n", "expires = 2027-02-30: must be a time"),
        (TOKEN + "scope = read\n", "[token:bot] scope = read: unknown key; did you mean scopes?"),
        (TOKEN.replace("bot", "Bot"), "[token:Bot]: must be called by 1 to 32 small letters"),
        (TOKEN.replace("bot", "a_b"), "[token:a_b]: must be called by"),
        (TOKEN.replace("bot", "../x"), "[token:../x]: must be called by"),
        (TOKEN.replace("bot", ""), "[token:]: must be called by"),
        (TOKEN.replace("bot", "control"), "[token:control]: must be called by"),
        ("[web]\ntrusted_proxies = 10.0.0.1, nginx\n", "trusted_proxies = … nginx …: must be addresses"),
        ("[web]\ntrusted_proxies = 10.0.0.0/40\n", "trusted_proxies = … 10.0.0.0/40 …: must be addresses"),
        ("[web]\nrequests_per_s = 0\n", "requests_per_s = 0: must be a number above 0"),
        ("[web]\npublic_read = maybe\n", "public_read = maybe: must be yes or no"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_what_would_be_right(tmp_path: Path, text: str, words: str) -> None:
    [problem] = problems(tmp_path, text)
    assert words in problem


@pytest.mark.parametrize(
    "text",
    [
        "[token:bot]\nhash = tw_bot_s3cret\n",
        "[token:bot]\nhsah = tw_bot_s3cret\n",
        "[token:bot]\ntoken = tw_s3cret\n",
    ],
)
def test_a_token_in_the_place_of_its_hash_is_not_repeated(tmp_path: Path, text: str) -> None:
    assert "s3cret" not in "\n".join(problems(tmp_path, text))


def test_what_is_written_hides_the_hash(tmp_path: Path) -> None:
    written = write_settings(read(tmp_path, TOKEN))
    assert HASH not in written
    assert "[token:bot]\n# hash is set\nscopes = read\n" in written
