"""Where a NATS is and how it lets us in, from one URL. What is shown of it never holds a credential."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from actors.runtime.errors import SettingsError
from actors.sinks._url_options import problems_of_options

PORT = 4222
_SCHEMES = {"nats", "tls"}
_OPTIONS = {"tls_roots"}


@dataclass(frozen=True)
class Address:
    """`nats://` is plain where the server allows it, `tls://` is TLS. A user name without a password is a
    token, as every client of NATS has it. `tls_roots` is a PEM file of certificates to trust."""

    scheme: str
    servers: tuple[str, ...]  # host:port
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    tls_roots: str | None = None

    @classmethod
    def parse(cls, url: str) -> Address:
        """Of `nats://user:password@host:4222`, or of several such, by commas: the servers of one cluster, of
        which the first tells how to get in. Raises `SettingsError`."""
        try:
            urls = [urlsplit(each.strip()) for each in url.split(",")]
            servers = tuple(_host(parts) for parts in urls)
        except ValueError:
            words = (
                "the URL of NATS has no valid host and port; in a password, # is %23, / is %2F, a comma %2C"
            )
            raise SettingsError([words]) from None
        problems = [problem for parts in urls for problem in _problems(parts, urls[0].scheme)]
        if problems:
            raise SettingsError(list(dict.fromkeys(problems)))
        first = urls[0]
        user, password = unquote(first.username or "") or None, unquote(first.password or "") or None
        return cls(
            scheme=first.scheme,
            servers=servers,
            username=user if password else None,
            password=password,
            token=None if password else user,
            tls_roots=parse_qs(first.query).get("tls_roots", [None])[-1],
        )

    @property
    def is_encrypted(self) -> bool:
        """Whether TLS is demanded."""
        return self.scheme == "tls"

    def tls_context(self) -> ssl.SSLContext | None:
        """Whom to trust; `None` where TLS is not demanded."""
        if not self.is_encrypted:
            return None
        context = ssl.create_default_context()
        if self.tls_roots:
            context.load_verify_locations(self.tls_roots)
        return context

    @property
    def urls(self) -> list[str]:
        """The servers without credentials."""
        return [f"{self.scheme}://{server}" for server in self.servers]

    def __str__(self) -> str:
        return f"NATS at {', '.join(self.servers)}"


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    return f"[{host}]:{parts.port or PORT}" if ":" in host else f"{host}:{parts.port or PORT}"


def _problems(parts: SplitResult, scheme: str) -> list[str]:
    problems = problems_of_options(parts.query, _OPTIONS, "NATS")
    if parts.scheme not in _SCHEMES:
        problems.append("the URL of NATS begins with nats:// or tls://")
    elif parts.scheme != scheme:
        problems.append("the URLs of NATS are of one kind: all nats://, or all tls://")
    if not parts.hostname:
        problems.append("the URL of NATS names no host")
    if parts.path.strip("/"):
        problems.append("the URL of NATS has no path")
    if parts.fragment:
        problems.append("the URL of NATS has a #; in a password, it is %23")
    return problems
