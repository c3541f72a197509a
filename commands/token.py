"""`token`: tokens for programs and people on other machines. The settings keep a hash; the token is shown
once."""

from __future__ import annotations

import argparse
import secrets
import sys
from datetime import UTC, datetime, timedelta

from actors.runtime.arguments import Subcommand
from actors.runtime.clock import steady_clock
from actors.runtime.errors import SettingsError
from actors.runtime.settings import SCOPES, Settings, TokenSettings
from actors.runtime.tokens import SALT_BYTES, SECRET_BYTES, expiry_ns, hash_of, is_name, token_of

UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
DAYS_MAX = 3650


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be asked for."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    create = actions.add_parser(
        "create", help="make a token: its section goes to stdout, the token to stderr"
    )
    create.add_argument("name", metavar="NAME", help="who it is for: small letters, digits and hyphens")
    create.add_argument(
        "--scopes", default="read", metavar="LIST", help="read, or read,control; read, if not said"
    )
    create.add_argument(
        "--expires",
        default="",
        metavar="WHEN",
        help="30d, 12h, 4w, or a time such as 2027-01-31; never, if not said",
    )
    actions.add_parser("list", help="the tokens of the settings")


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Make one, or list them. Returns 0. Raises `SettingsError` for what cannot be."""
    now_ns = steady_clock()()
    if options.action == "list":
        for line in table(settings, now_ns):
            print(line)
        return 0
    made = TokenSettings(scopes=scopes_of(options.scopes), expires=expires_of(options.expires, now_ns))
    token = new_token(options.name, settings)
    print("\n".join(section(options.name, token, made)))
    print(f"The token, which is not shown again:\n\n    {token}\n", file=sys.stderr)
    print(f"Add the section to {options.settings}, and restart the hub.", file=sys.stderr)
    return 0


def new_token(name: str, settings: Settings) -> str:
    """A token that nobody has. Raises `SettingsError` for a name that cannot be, or is taken."""
    if not is_name(name) or name == "control":
        raise SettingsError(
            [f"token create {name[:100]!r}: expected 1 to 32 small letters, digits and hyphens"]
        )
    if name in settings.tokens:
        raise SettingsError(
            [f"token create {name}: [token:{name}] is in the settings already; take another name"]
        )
    return token_of(name, secrets.token_urlsafe(SECRET_BYTES))


def section(name: str, token: str, made: TokenSettings) -> list[str]:
    """The lines for the settings."""
    kept = hash_of(token, secrets.token_bytes(SALT_BYTES))
    lines = [f"[token:{name}]", f"hash = {kept}", f"scopes = {', '.join(made.scopes)}"]
    return [*lines, f"expires = {made.expires}"] if made.expires else lines


def scopes_of(text: str) -> tuple[str, ...]:
    """The scopes of `--scopes`. Raises `SettingsError`."""
    scopes = tuple(dict.fromkeys(each.strip() for each in text.split(",") if each.strip()))
    if not scopes or not set(scopes) <= set(SCOPES):
        raise SettingsError([f"--scopes={text[:100]!r}: expected read, or read,control"])
    return scopes


def expires_of(text: str, now_ns: int) -> str:
    """The time of `--expires`, as the settings write it. Raises `SettingsError`, also for a time that is
    over."""
    right = "expected 30d, 12h, 4w, or a time to come such as 2027-01-31 or 2027-01-31T12:00:00Z"
    if not text:
        return ""
    try:
        moment_ns = later_ns(text, now_ns) if text[-1] in UNITS else expiry_ns(text)
    except (ValueError, OverflowError):
        raise SettingsError([f"--expires={text[:100]!r}: {right}"]) from None
    if moment_ns is None or not 0 < moment_ns - now_ns <= DAYS_MAX * 86_400 * 10**9:
        raise SettingsError([f"--expires={text[:100]!r}: {right}, within ten years"])
    return datetime.fromtimestamp(moment_ns // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def later_ns(text: str, now_ns: int) -> int:
    """So long from now, in Unix ns. `ValueError` or `OverflowError` for what is no number of units."""
    if not text[:-1].isdecimal():
        raise ValueError(text)
    return now_ns + int(UNITS[text[-1]].total_seconds()) * int(text[:-1]) * 10**9


def table(settings: Settings, now_ns: int) -> list[str]:
    """A line for each token: its name, what it allows, until when."""
    if not settings.tokens:
        return ["no tokens; `token create NAME` makes one"]
    rows = [("name", "scopes", "expires")]
    for name, token in sorted(settings.tokens.items()):
        until_ns = expiry_ns(token.expires)
        over = " (over)" if until_ns is not None and until_ns <= now_ns else ""
        rows.append((name, ", ".join(token.scopes), (token.expires or "never") + over))
    return [f"{name:<32}  {scopes:<14}  {expires}" for name, scopes, expires in rows]


COMMAND = Subcommand("token", "make and list tokens for other machines", add_arguments, run)
