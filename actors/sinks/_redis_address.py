"""Where a Redis is and how it lets us in, from one URL. What is shown of it never holds a credential."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from actors.runtime.errors import SettingsError
from actors.sinks._url_options import problems_of_options

PORT = 6379
_SCHEMES = {"redis", "rediss"}
_OPTIONS = {"tls_roots"}


@dataclass(frozen=True)
class Address:
    """`redis://` is plain, `rediss://` is TLS. Without a user name, the password is the default user's.
    `tls_roots` is a PEM file of certificates to trust."""

    scheme: str
    host: str
    port: int
    database: int = 0
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    tls_roots: str | None = None

    @classmethod
    def parse(cls, url: str) -> Address:
        """Of `rediss://user:password@host:6379/0?tls_roots=/etc/ca.pem`. Raises `SettingsError`."""
        try:
            parts = urlsplit(url.strip())
            port = parts.port or PORT
        except ValueError:
            words = "the URL of Redis has no valid host and port; in a password, # is %23 and / is %2F"
            raise SettingsError([words]) from None
        problems = [*_problems(parts), *problems_of_options(parts.query, _OPTIONS, "Redis")]
        if problems:
            raise SettingsError(problems)
        return cls(
            scheme=parts.scheme,
            host=parts.hostname or "",
            port=port,
            database=int(parts.path.strip("/") or 0),
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            tls_roots=parse_qs(parts.query).get("tls_roots", [None])[-1],
        )

    @property
    def is_encrypted(self) -> bool:
        """Whether TLS is spoken."""
        return self.scheme == "rediss"

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"Redis at {host}:{self.port}"


def _problems(parts: SplitResult) -> list[str]:
    problems = []
    if parts.scheme not in _SCHEMES:
        problems.append("the URL of Redis begins with redis:// or rediss://")
    if not parts.hostname:
        problems.append("the URL of Redis names no host")
    database = parts.path.strip("/")
    if database and not (database.isascii() and database.isdigit()):
        problems.append("the path of the URL of Redis is the number of a database, such as /0")
    if parts.username and not parts.password:
        problems.append("the URL of Redis has a user name and no password")
    if parts.fragment:
        problems.append("the URL of Redis has a #; in a password, it is %23")
    return problems
