"""The doctor at whoever is told of alerts: how far one comes without a message, and with one."""

from __future__ import annotations

import json
import ssl
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio
import trustme
from msgspec import structs

from actors.feed import opening
from actors.notifiers import email as mail
from actors.runtime.settings import AlertsSettings, NotifierSettings, Settings
from commands.doctor import examine
from commands.doctor.findings import Finding
from commands.doctor.notifiers import notifier_checks
from tests.commands.doctored import served, settings_with, silent, without_names
from tests.commands.told import Hook, PostOffice
from tests.patience import PATIENCE_S
from tests.processes import free_port

pytestmark = pytest.mark.loopback
SECRET = "123456:s3cret"
HERE = "127.0.0.1"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "STEP_WITHIN_S", PATIENCE_S)
    monkeypatch.setattr(mail, "CONNECT_WITHIN_S", PATIENCE_S)


def settings_of(tmp_path: Path, **section: Any) -> Settings:
    notifiers = {"ops": NotifierSettings(**section)}
    return structs.replace(
        settings_with(tmp_path, {}), notifiers=notifiers, alerts=AlertsSettings(enabled=True)
    )


async def found_of(tmp_path: Path, *, notify: bool = False, **section: Any) -> dict[str, Finding]:
    """What was found out, by check. No secret is ever in it."""
    [check] = notifier_checks(settings_of(tmp_path, **section), notify=notify)
    with trio.fail_after(PATIENCE_S):
        await check.examine()
    told = repr(check.subject.findings)
    assert "s3cret" not in told
    assert "/hidden" not in told, "where a webhook is may be secret too"
    assert all(each.subject == "notifier:ops" for each in check.subject.findings)
    return {each.check: each for each in check.subject.findings}


def states_of(found: dict[str, Finding]) -> dict[str, str]:
    return {check: each.state for check, each in found.items()}


def trusted_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str = HERE) -> ssl.SSLContext:
    """What a server shows, by an authority that the environment names."""
    authority, context = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return context


# Webhooks


async def test_a_webhook_is_reached_and_nothing_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = Hook()
    async with served(hook.serve, trusted_here(tmp_path, monkeypatch)) as port:
        found = await found_of(tmp_path, url=f"https://{HERE}:{port}/hidden", secret=SECRET)
    assert states_of(found) == {"dns": "ok", "tcp": "ok", "tls": "ok"}
    assert found["tls"].said.startswith("TLSv1.3, by trustme")
    assert hook.asked == []


async def test_a_message_is_sent_where_that_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = Hook()
    async with served(hook.serve, trusted_here(tmp_path, monkeypatch)) as port:
        found = await found_of(tmp_path, notify=True, url=f"https://{HERE}:{port}/hidden", secret=SECRET)
    assert states_of(found) == {"dns": "ok", "tcp": "ok", "tls": "ok", "message": "ok"}
    [(path, body)] = hook.asked
    assert (path, json.loads(body)["type"]) == ("/hidden", "alert.test")


async def test_a_message_that_is_not_taken(tmp_path: Path) -> None:
    async with served(Hook({"hidden": (404, b"s3cret words")}).serve) as port:
        found = await found_of(tmp_path, notify=True, url=f"http://{HERE}:{port}/hidden")
    assert states_of(found) == {"dns": "ok", "tcp": "ok", "message": "failed"}
    assert found["message"].said == "127.0.0.1 answered 404"
    assert "[notifier:ops]" in found["message"].advice


async def test_a_certificate_of_another_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hook = Hook()
    async with served(hook.serve, trusted_here(tmp_path, monkeypatch, "other.example")) as port:
        found = await found_of(tmp_path, notify=True, url=f"https://{HERE}:{port}/hidden")
    assert states_of(found) == {"dns": "ok", "tcp": "ok", "tls": "failed"}
    assert "not valid for" in found["tls"].said
    assert "SSL_CERT_FILE" in found["tls"].advice
    assert hook.asked == []


async def test_an_authority_that_nobody_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = trusted_here(tmp_path, monkeypatch)
    monkeypatch.delenv("SSL_CERT_FILE")
    async with served(silent, context) as port:
        found = await found_of(tmp_path, url=f"https://{HERE}:{port}/hidden")
    assert "certificate verify failed" in found["tls"].said


async def test_a_file_of_authorities_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nothing.pem"))
    async with served(silent) as port:
        found = await found_of(tmp_path, url=f"https://{HERE}:{port}/hidden")
        assert "SSL_CERT_FILE cannot be read: FileNotFoundError" in found["tls"].said
        found = await found_of(tmp_path, notify=True, url=f"http://{HERE}:{port}/hidden")
    assert "SSL_CERT_FILE cannot be read" in found["message"].said


async def test_a_port_that_is_closed_is_all_that_is_told(tmp_path: Path) -> None:
    found = await found_of(tmp_path, notify=True, url=f"https://{HERE}:{free_port()}/hidden")
    assert states_of(found) == {"dns": "ok", "tcp": "failed"}
    assert "correct [notifier:ops]" in found["tcp"].advice


@pytest.mark.parametrize(
    "section",
    [
        {"url": "https://hooks.example.invalid/hidden"},
        {"kind": "telegram", "secret": SECRET, "chat_id": "7"},
        {"kind": "email", "host": "mail.example.invalid", "sender": "a@x", "recipients": ("b@x",)},
    ],
)
async def test_a_name_that_nobody_knows(tmp_path: Path, section: dict[str, Any]) -> None:
    with without_names():
        found = await found_of(tmp_path, **section)
    assert states_of(found) == {"dns": "failed"}
    assert "Name or service not known" in found["dns"].said
    assert "[notifier:ops]" in found["dns"].advice


# Telegram

BOT = b'{"ok": true, "result": {"id": 7, "is_bot": true, "first_name": "Hub", "username": "hub_bot"}}'
CHAT = b'{"ok": true, "result": {"id": -100, "type": "group", "title": "On call \\u001b[2J"}}'


async def telegram_found(tmp_path: Path, api: Hook, *, notify: bool = False) -> dict[str, Finding]:
    async with served(api.serve) as port:
        url = f"http://{HERE}:{port}"
        return await found_of(
            tmp_path, notify=notify, kind="telegram", secret=SECRET, chat_id="-100", url=url
        )


@pytest.mark.parametrize("notify", [False, True])
async def test_a_bot_and_its_chat(tmp_path: Path, notify: bool) -> None:
    api = Hook({"getMe": (200, BOT), "getChat": (200, CHAT)})
    found = await telegram_found(tmp_path, api, notify=notify)
    assert {each.state for each in found.values()} == {"ok"}
    assert found["bot"].said == "the token is that of @hub_bot"
    assert found["chat"].said.startswith("the bot sees On call")
    methods = [path.rpartition("/")[2] for path, _ in api.asked]
    assert methods == ["getMe", "getChat", *(["sendMessage"] if notify else [])]
    assert json.loads(api.asked[1][1]) == {"chat_id": "-100"}


@pytest.mark.parametrize(
    ("method", "answer", "check", "words", "advice"),
    [
        ("getMe", (401, b'{"ok": false, "description": "Unauthorized"}'), "bot", "401", "@BotFather"),
        ("getMe", (404, f'{{"description": "no bot{SECRET}"}}'.encode()), "bot", "404: no bot…", "secret"),
        ("getMe", (400, b'{"description": "s3cret?"}'), "bot", "400: …?", "secret"),
        ("getMe", (200, b"<html>"), "bot", "no JSON", "correct url"),
        ("getChat", (400, b'{"description": "chat not found"}'), "chat", "chat not found", "chat_id"),
        ("sendMessage", (403, b'{"description": "bot was kicked"}'), "message", "kicked", "[notifier:ops]"),
    ],
)
async def test_what_can_be_wrong_with_a_bot(
    tmp_path: Path, method: str, answer: tuple[int, bytes], check: str, words: str, advice: str
) -> None:
    api = Hook({"getMe": (200, BOT), "getChat": (200, CHAT)} | {method: answer})
    found = await telegram_found(tmp_path, api, notify=True)
    assert list(states_of(found).items())[-1] == (check, "failed"), "what comes behind is left out"
    assert words in found[check].said
    assert advice in found[check].advice


async def test_an_answer_without_a_name_is_an_answer(tmp_path: Path) -> None:
    api = Hook({"getMe": (200, b'{"ok": true, "result": true}')})
    found = await telegram_found(tmp_path, api)
    assert found["bot"].said == "the token is that of a bot without a name"
    assert found["chat"].said == "the bot sees a chat without a name"


# E-mail

MAIL: dict[str, Any] = {"kind": "email", "host": HERE, "sender": "hub@x.org", "recipients": ("a@x.org",)}
LOGIN: dict[str, Any] = {"user": "hub", "secret": "s3cret"}


async def mail_found(
    tmp_path: Path, office: PostOffice, *, notify: bool = False, **section: Any
) -> dict[str, Finding]:
    async with served(office.serve) as port:
        return await found_of(tmp_path, notify=notify, **MAIL | {"port": port} | section)


@pytest.mark.parametrize("notify", [False, True])
async def test_a_mail_server_that_lets_us_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, notify: bool
) -> None:
    office = PostOffice(tls=trusted_here(tmp_path, monkeypatch))
    found = await mail_found(tmp_path, office, notify=notify, **LOGIN)
    assert list(found) == ["dns", "tcp", "greeting", "login", *(["message"] if notify else [])]
    assert {each.state for each in found.values()} == {"ok"}
    assert found["greeting"].said == "starttls: TLSv1.3"
    assert ("Subject: [info] ops: test" in office.mail) == notify
    assert ("DATA" in office.said) == notify
    assert "AUTH" in office.said


async def test_tls_from_the_first_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    office = PostOffice()
    async with served(office.serve, trusted_here(tmp_path, monkeypatch)) as port:
        found = await found_of(tmp_path, **MAIL, **LOGIN, port=port, security="tls")
    assert found["greeting"].said == "tls: TLSv1.3"
    assert found["login"].state == "ok"


async def test_a_mail_server_that_wants_no_login(tmp_path: Path) -> None:
    found = await mail_found(tmp_path, PostOffice(), security="none")
    assert list(found) == ["dns", "tcp", "greeting"]
    assert found["greeting"].said == "without TLS, as security = none says"


@pytest.mark.parametrize(
    ("refused", "check", "words", "advice"),
    [
        ("AUTH", "login", "127.0.0.1 answered 535", "password"),
        ("RCPT", "message", "refused the recipients: [535]", "[notifier:ops]"),
    ],
)
async def test_a_mail_server_that_refuses(
    tmp_path: Path, refused: str, check: str, words: str, advice: str
) -> None:
    office = PostOffice(refused=refused)
    found = await mail_found(tmp_path, office, notify=True, security="none", **LOGIN)
    assert list(states_of(found).items())[-1] == (check, "failed")
    assert words in found[check].said
    assert advice in found[check].advice


async def test_a_mail_server_that_takes_back_its_starttls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = PostOffice(tls=trusted_here(tmp_path, monkeypatch), refused="STARTTLS")
    found = await mail_found(tmp_path, office, **LOGIN)
    assert found["greeting"].said == "127.0.0.1 answered 535"
    assert "465" in found["greeting"].advice
    assert "AUTH" not in office.said


async def test_a_mail_server_without_starttls_gets_no_password(tmp_path: Path) -> None:
    office = PostOffice()
    found = await mail_found(tmp_path, office, notify=True, **LOGIN)
    assert states_of(found) == {"dns": "ok", "tcp": "ok", "greeting": "failed"}
    assert "STARTTLS extension not supported" in found["greeting"].said
    assert "AUTH" not in office.said


async def test_a_mail_server_whose_certificate_is_anothers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = PostOffice(tls=trusted_here(tmp_path, monkeypatch, "other.example"))
    found = await mail_found(tmp_path, office, **LOGIN)
    assert "not valid for '127.0.0.1'" in found["greeting"].said
    assert "AUTH" not in office.said


async def test_a_mail_server_that_is_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "CONNECT_WITHIN_S", 0.5)
    async with served(silent) as port:
        found = await found_of(tmp_path, **MAIL, port=port)
    assert states_of(found) == {"dns": "ok", "tcp": "ok", "greeting": "failed"}
    assert "it said nothing for 0.5 s" in found["greeting"].said


# All of them


async def test_notifiers_are_part_of_the_report(tmp_path: Path) -> None:
    hook = Hook()
    async with served(hook.serve) as port:
        settings = settings_of(tmp_path, url=f"http://{HERE}:{port}/hidden")
        report = partial(examine, settings, Path("settings.ini"), PATIENCE_S)
        quiet, loud = await report(), await report(notify=True)
    checks = {each.check for each in quiet.checks if each.subject == "notifier:ops"}
    assert checks == {"dns", "tcp"}
    assert {each.check for each in loud.checks} - {each.check for each in quiet.checks} == {"message"}
    assert len(hook.asked) == 1


async def test_without_alerts_nobody_is_told(tmp_path: Path) -> None:
    hook = Hook()
    async with served(hook.serve) as port:
        settings = settings_of(tmp_path, url=f"http://{HERE}:{port}/hidden")
        settings = structs.replace(settings, alerts=AlertsSettings(enabled=False))
        report = await examine(settings, Path("settings.ini"), PATIENCE_S, notify=True)
    [found] = [each for each in report.checks if each.subject == "notifier:ops"]
    assert (found.check, found.state) == ("alerts", "warning")
    assert "[alerts] enabled = yes" in found.advice
    assert hook.asked == []
