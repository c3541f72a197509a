"""What the settings say about alerts, as rules and notifiers; every mistake is named at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from actors.market.alerts.reading import RuleError, read_rule
from actors.market.alerts.rules import NAME, Rule
from actors.notifiers.base import Notifier
from actors.notifiers.email import Email
from actors.notifiers.signing import key_of
from actors.notifiers.telegram import URL as TELEGRAM_URL
from actors.notifiers.telegram import Telegram
from actors.notifiers.webhook import Webhook
from actors.runtime.errors import SettingsError
from actors.runtime.settings import AlertSettings, NotifierSettings, Settings

_URL = re.compile(r"https?://[^\s@/]+(/\S*)?")
_ADDRESS = re.compile(r"[^\s@<>]+@[^\s@<>]+")
_TOKEN = re.compile(r"[A-Za-z0-9:_-]+")
SHARED = ("enabled", "for_s", "hysteresis", "cooldown_s", "severity", "note", "notify", "notify_on")
SCHEDULED = ("from_hour", "to_hour", "weekdays")


def rules_of(settings: Settings) -> list[Rule]:
    """The rules of `[alert:NAME]`. Raises `SettingsError`."""
    problems: list[str] = []
    found = []
    for name, section in settings.alert_rules.items():
        try:
            found.append(_rule(name, section))
        except RuleError as error:
            value = f" = {error.value}" if error.value else ""
            key = error.field.rpartition(".")[2]
            problems.append(f"[alert:{name}] {key}{value}: must be {error.expected}")
    problems += [
        f"[alert:{rule.name}] notify = … {each} …: must be the NAME of a section [notifier:NAME]"
        for rule in found
        for each in rule.notify
        if each not in settings.notifiers
    ]
    if problems:
        raise SettingsError(problems)
    return found


def notifiers_of(settings: Settings, now_ns: Callable[[], int]) -> dict[str, Notifier]:
    """The notifiers of `[notifier:NAME]`, by their names. Raises `SettingsError`."""
    problems: list[str] = []
    found: dict[str, Notifier] = {}
    for name, section in settings.notifiers.items():
        mine = _Section(f"[notifier:{name}]", problems)
        if not re.fullmatch(NAME, name):
            mine.must("", "be called by letters, digits, dots, hyphens and underscores")
        found[name] = _NOTIFIERS[section.kind](name, section, mine, now_ns)
    if problems:
        raise SettingsError(problems)
    return found


def _rule(name: str, section: AlertSettings) -> Rule:
    """What is empty was not written, and has its default."""
    written: dict[str, Any] = {key: getattr(section, key) for key in section.__struct_fields__}
    written = {key: value for key, value in written.items() if value not in ("", ())}
    given: dict[str, Any] = {key: written.pop(key) for key in SHARED if key in written}
    scheduled = {key: written.pop(key) for key in SCHEDULED if key in written}
    given |= {"name": name, "keys": written.pop("keys", ()), "when": written}
    if scheduled:
        given["schedule"] = scheduled
    return read_rule(given, strict=False)


class _Section:
    """One section, and what is wrong with it."""

    def __init__(self, place: str, problems: list[str]) -> None:
        self._place, self._problems = place, problems

    def must(self, key: str, right: str) -> None:
        """Note what would be right. What was written is not repeated: it may be a secret."""
        self._problems.append(f"{self._place}{f' {key}' if key else ''}: must {right}")

    def secret(self, section: NotifierSettings) -> str:
        """The secret itself, out of its file if there is one."""
        if not section.secret_file:
            return section.secret
        if section.secret:
            self.must("secret_file", "not be given beside secret")
        try:
            return Path(section.secret_file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            self.must("secret_file", f"name a file that can be read ({type(error).__name__})")
            return ""


def _webhook(name: str, section: NotifierSettings, mine: _Section, now_ns: Callable[[], int]) -> Notifier:
    if not _URL.fullmatch(section.url):
        mine.must("url", "be like https://hooks.example.org/tickwell")
    key = b""
    try:
        key = key_of(mine.secret(section))
    except ValueError as error:
        mine.must("secret", f"be a text, or base64 behind whsec_: {error}")
    return Webhook(name, section.url, key, now_ns)


def _telegram(name: str, section: NotifierSettings, mine: _Section, now_ns: Callable[[], int]) -> Notifier:
    token = mine.secret(section)
    if not _TOKEN.fullmatch(token):
        mine.must("secret", "be the token of the bot, such as 123456:ABC-DEF")
    if not section.chat_id:
        mine.must("chat_id", "name the chat, such as -1001234567890 or @channel")
    if section.url and not _URL.fullmatch(section.url):
        mine.must("url", "be like https://api.telegram.org, or empty for that")
    return Telegram(name, section.chat_id, token, section.url or TELEGRAM_URL)


def _email(name: str, section: NotifierSettings, mine: _Section, now_ns: Callable[[], int]) -> Notifier:
    password = mine.secret(section)
    if not section.host:
        mine.must("host", "name the mail server")
    if not _ADDRESS.fullmatch(section.sender):
        mine.must("sender", "be an address such as hub@example.org")
    if not section.recipients or not all(map(_ADDRESS.fullmatch, section.recipients)):
        mine.must("recipients", "be addresses, separated by commas")
    if bool(section.user) != bool(password):
        mine.must("user", "be given together with secret, or neither")
    if password and section.security == "none" and section.host not in ("localhost", "127.0.0.1", "::1"):
        mine.must("security", "be starttls or tls where a password is sent")
    return Email(
        name,
        section.host,
        section.port,
        section.security,
        section.sender,
        section.recipients,
        section.user,
        password,
    )


_NOTIFIERS: Mapping[str, Callable[[str, NotifierSettings, _Section, Callable[[], int]], Notifier]] = {
    "webhook": _webhook,
    "telegram": _telegram,
    "email": _email,
}
