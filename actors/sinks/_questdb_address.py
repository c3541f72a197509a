"""Where a QuestDB is and how it lets us in, from one URL. What is shown of it never holds a credential."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from actors.runtime.errors import SettingsError
from actors.sinks._url_options import problems_of_options

PORT = 9000
_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
_OPTIONS = {"tls_roots"}


@dataclass(frozen=True)
class Address:
    """`http://` writes lines over HTTP, which every QuestDB takes; `ws://` writes QWP where the server takes
    it. Both ask over HTTP on the same port. `tls_roots` is a PEM file of certificates to trust."""

    scheme: str
    host: str
    port: int
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    tls_roots: str | None = None

    @classmethod
    def parse(cls, url: str) -> Address:
        """Of `http://user:password@host:9000?tls_roots=/etc/ca.pem`. Raises `SettingsError`."""
        try:
            parts = urlsplit(url.strip())
            port = parts.port or PORT
        except ValueError:
            raise SettingsError(["the URL of QuestDB has no valid host and port"]) from None
        problems = [*_problems(parts), *problems_of_options(parts.query, _OPTIONS, "QuestDB")]
        if problems:
            raise SettingsError(problems)
        return cls(
            scheme=parts.scheme,
            host=parts.hostname or "",
            port=port,
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password or "") if parts.username else None,
            tls_roots=parse_qs(parts.query).get("tls_roots", [None])[-1],
        )

    def over_http(self) -> Address:
        """The same server, written to in lines."""
        return replace(self, scheme=_SCHEMES[self.scheme])

    @property
    def is_qwp(self) -> bool:
        """Whether rows go over a WebSocket."""
        return self.scheme in ("ws", "wss")

    @property
    def is_encrypted(self) -> bool:
        """Whether TLS is spoken."""
        return self.scheme in ("https", "wss")

    @property
    def location(self) -> str:
        """`host:port`, with brackets around an IPv6 address."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def http_url(self) -> str:
        """Where questions go."""
        return f"{_SCHEMES[self.scheme]}://{self.location}"

    def __str__(self) -> str:
        return f"QuestDB at {self.location}"


def _problems(parts: SplitResult) -> list[str]:
    problems = []
    if parts.scheme not in _SCHEMES:
        problems.append("the URL of QuestDB begins with http://, https://, ws:// or wss://")
    if not parts.hostname:
        problems.append("the URL of QuestDB names no host")
    if parts.path not in ("", "/") or parts.fragment:
        problems.append("the URL of QuestDB has no path")
    if parts.password and not parts.username:
        problems.append("the URL of QuestDB has a password and no user name")
    return problems
