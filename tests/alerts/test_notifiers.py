"""Notifiers against servers on loopback that speak HTTP and SMTP, and what the settings say of them."""

from __future__ import annotations

import base64
import hmac
import json
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from actors.alerting.configured import notifiers_of, rules_of
from actors.alerting.letters import notification_of
from actors.notifiers.base import NotifierError
from actors.notifiers.email import Email
from actors.notifiers.signing import headers_of, key_of
from actors.notifiers.telegram import Telegram
from actors.notifiers.webhook import Webhook
from actors.runtime.errors import SettingsError
from actors.runtime.ini import read_settings, write_settings
from tests.web.told_alerts import ALERT

pytestmark = pytest.mark.loopback
SECRET = "123456:very-secret-token"
NOTIFICATION = notification_of(structs.replace(ALERT, note="look at it"))


class Hooks(BaseHTTPRequestHandler):
    """Takes posts, and answers as it is told to."""

    taken: list[tuple[str, dict[str, str], bytes]]
    answers: list[tuple[int, dict[str, str], bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.taken.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        status, headers, answer = self.answers.pop(0) if self.answers else (200, {}, b'{"ok": true}')
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(answer))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def hooks(*answers: tuple[int, dict[str, str], bytes]) -> Iterator[tuple[str, list[Any]]]:
    taken: list[Any] = []
    handler = type("Here", (Hooks,), {"taken": taken, "answers": list(answers)})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", taken
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


async def test_a_webhook_is_signed_so_that_its_receiver_can_tell() -> None:
    with hooks((204, {}, b"")) as (url, taken):
        key = key_of("whsec_c2VjcmV0")
        await Webhook("ops", f"{url}/hook?x=1", key, lambda: 1_700_000_000 * 10**9).send(NOTIFICATION)
    [(path, headers, body)] = taken
    assert path == "/hook?x=1"
    assert json.loads(body)["data"]["text"] == ALERT.text
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == (ALERT.id, "1700000000")
    signed = f"{ALERT.id}.1700000000.".encode() + body
    wanted = base64.b64encode(hmac.new(b"secret", signed, "sha256").digest()).decode()
    assert headers["webhook-signature"] == f"v1,{wanted}"


def test_the_signature_is_that_of_the_published_example() -> None:
    # Of the specification of Standard Webhooks, as its reference libraries test it.
    key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    told = headers_of(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert told["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    with pytest.raises(ValueError, match="base64"):
        key_of("whsec_*")


@pytest.mark.parametrize(
    ("status", "headers", "retry_after_s", "final"),
    [
        (500, {}, None, False),
        (429, {"retry-after": "30"}, 30, False),
        (410, {}, None, True),
        (302, {"location": "/"}, None, False),
    ],
)
async def test_a_webhook_that_is_not_taken(
    status: int, headers: dict[str, str], retry_after_s: float | None, final: bool
) -> None:
    answer = (status, headers, b"secret words")
    with hooks(answer) as (url, taken), pytest.raises(NotifierError) as caught:
        await Webhook("ops", url, b"", lambda: 0).send(NOTIFICATION)
    assert str(caught.value) == f"127.0.0.1 answered {status}"
    assert (caught.value.retry_after_s, caught.value.final) == (retry_after_s, final)
    assert len(taken) == 1
    assert "webhook-signature" not in taken[0][1]


async def test_a_telegram_message() -> None:
    with hooks() as (url, taken):
        await Telegram("phone", "-100", SECRET, url).send(NOTIFICATION)
    [(path, _, body)] = taken
    assert path == f"/bot{SECRET}/sendMessage"
    text = json.loads(body)["text"]
    assert json.loads(body)["chat_id"] == "-100"
    assert text.startswith("[warning] btc-above: ALERT\n")
    assert text.endswith("look at it")


@pytest.mark.parametrize(
    ("answer", "retry_after_s"),
    [
        ((429, {}, b'{"ok": false, "description": "slow", "parameters": {"retry_after": 7}}'), 7),
        ((401, {}, f'{{"ok": false, "description": "bad {SECRET}"}}'.encode()), None),
        ((200, {}, b"no json"), None),
    ],
)
async def test_a_telegram_message_that_is_not_taken_tells_no_secret(
    answer: Any, retry_after_s: float | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    with hooks(answer) as (url, _):
        telegram = Telegram("phone", "-100", SECRET, url)
        with pytest.raises(NotifierError) as caught:
            await telegram.send(NOTIFICATION)
    assert caught.value.retry_after_s == retry_after_s
    assert SECRET not in str(caught.value) + repr(caught.value) + repr(telegram) + caplog.text


async def test_servers_that_are_not_there_tell_no_secret() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        email = Email("mail", "127.0.0.1", port, "none", "a@x", ("b@x",), "me", SECRET)
        for notifier in (Telegram("t", "1", SECRET, f"http://127.0.0.1:{port}"), email):
            with pytest.raises(NotifierError) as caught:
                await notifier.send(NOTIFICATION)
            assert SECRET not in str(caught.value) + repr(notifier)
            assert caught.value.__cause__ is None


class Mailbox:
    """A mail server that speaks as much SMTP as is needed, to one client."""

    def __init__(self, *, refuse: bool = False) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.refuse, self.said, self.mail = refuse, list[str](), ""
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self) -> None:
        client, _ = self.socket.accept()
        with client, client.makefile("rwb", 0) as lines:
            lines.write(b"220 here\r\n")
            while line := lines.readline():
                word = line.decode().strip()
                self.said.append(word)
                if word.upper() == "DATA":
                    lines.write(b"354 go on\r\n")
                    data = list(iter(lines.readline, b".\r\n"))
                    self.mail = b"".join(data).decode()
                    lines.write(b"250 taken\r\n")
                elif word.upper().startswith("EHLO"):
                    lines.write(b"250-here\r\n250 AUTH PLAIN\r\n")
                elif word.startswith("AUTH"):
                    lines.write(b"535 no\r\n" if self.refuse else b"235 yes\r\n")
                else:
                    lines.write(b"221 bye\r\n" if word.upper() == "QUIT" else b"250 ok\r\n")
                    if word.upper() == "QUIT":
                        return

    def close(self) -> None:
        self.thread.join()
        self.socket.close()


async def test_a_mail_is_handed_over() -> None:
    server = Mailbox()
    email = Email("mail", "127.0.0.1", server.port, "none", "hub@x.org", ("a@x.org", "b@x.org"), "me", SECRET)
    await email.send(NOTIFICATION)
    server.close()
    assert "Subject: [warning] btc-above: ALERT" in server.mail
    assert f"Message-ID: <{ALERT.id}@tickwell>" in server.mail
    assert "look at it" in server.mail
    assert sum(line.startswith("rcpt") for line in server.said) == 2


async def test_a_mail_server_that_refuses_the_password() -> None:
    server = Mailbox(refuse=True)
    email = Email("mail", "127.0.0.1", server.port, "none", "hub@x.org", ("a@x.org",), "me", SECRET)
    with pytest.raises(NotifierError, match=r"127\.0\.0\.1 answered 535"):
        await email.send(NOTIFICATION)
    server.close()


async def test_without_starttls_no_password_is_sent() -> None:
    server = Mailbox()
    email = Email("mail", "127.0.0.1", server.port, "starttls", "hub@x.org", ("a@x.org",), "me", SECRET)
    with pytest.raises(NotifierError):
        await email.send(NOTIFICATION)
    server.close()
    assert not any(line.startswith("AUTH") for line in server.said)


def settings_of(folder: Path, text: str, **environment: str) -> Any:
    path = folder / "settings.ini"
    path.write_text(f"[exchange:bybit]\nlinear = BTCUSDT\n{text}", encoding="utf-8")
    return read_settings(path, environment, ["bybit"])


ALERT_SECTION = """
[alert:btc]
keys = *:linear:BTC*, ETHUSDT
kind = moves
percent = 3.5
window_s = 300
from_hour = 22
to_hour = 6
weekdays = mon, tue
notify = ops
[notifier:ops]
url = https://hooks.example.org/x
"""


def test_rules_and_notifiers_of_the_settings(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, ALERT_SECTION, TICKWELL_NOTIFIER_OPS_SECRET=SECRET)
    [rule] = rules_of(settings)
    assert (rule.name, rule.keys, rule.notify) == ("btc", ("*:linear:BTC*", "ETHUSDT"), ("ops",))
    assert rule.schedule is not None
    assert rule.schedule.weekdays == ("mon", "tue")
    assert structs.asdict(rule.when)["percent"] == 3.5
    notifier = notifiers_of(settings, lambda: 0)["ops"]
    assert isinstance(notifier, Webhook)
    assert notifier.key == SECRET.encode()
    assert SECRET not in write_settings(settings) + repr(notifier)
    assert "hooks.example.org" not in write_settings(settings)


def test_a_secret_out_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    text = f"[notifier:phone]\nkind = telegram\nchat_id = 7\nsecret_file = {tmp_path / 'secret'}\n"
    notifier = notifiers_of(settings_of(tmp_path, text), lambda: 0)["phone"]
    assert isinstance(notifier, Telegram)
    assert notifier.token == SECRET


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[alert:a]\nkeys = *\nvalue = x\n", "[alert:a] value = 'x': must be"),
        ("[alert:a]\nkind = above\nvalue = 1\n", "[alert:a] keys = (): must be"),
        ("[alert:a]\nkeys = *\nvalue = 1\nnotify = nobody\n", "[alert:a] notify = … nobody …"),
        (
            "[alert:a]\nkeys = *\nvalue = 1\nfield = prise\n",
            "[alert:a] field = 'prise': must be one of price",
        ),
        ("[alert:a b]\nkeys = *\nvalue = 1\n", "[alert:a b] name"),
        ("[notifier:a]\nurl = ftp://x\n", "[notifier:a] url: must be like https://"),
        ("[notifier:a]\nkind = telegram\nsecret = a b\n", "[notifier:a] secret: must be the token"),
        ("[notifier:a]\nkind = email\n", "[notifier:a] host: must name the mail server"),
        ("[notifier:a]\nurl = https://x.org\nsecret = whsec_*\n", "[notifier:a] secret: must be a text"),
        (
            "[notifier:a]\nkind = email\nhost = x.org\nsender = a@x\nrecipients = b@x\nuser = u\nsecret = s\n"
            "security = none\n",
            "[notifier:a] security: must be starttls or tls",
        ),
        ("[notifier:a]\nurl = https://x.org\nsecret_file = /nowhere/x\n", "[notifier:a] secret_file: must"),
    ],
)
def test_what_is_wrong_in_the_settings_is_named(tmp_path: Path, text: str, expected: str) -> None:
    settings = settings_of(tmp_path, text)
    problems: list[str] = []
    for read in (lambda: rules_of(settings), lambda: notifiers_of(settings, lambda: 0)):
        try:
            read()
        except SettingsError as error:
            problems += error.problems
    assert any(problem.startswith(expected) for problem in problems), problems
