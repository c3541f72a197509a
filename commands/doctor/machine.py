"""What this machine must give: room on the disk, files, and the port, unless a hub has it already."""

from __future__ import annotations

import resource
import shutil
import socket
import ssl
import tempfile
from collections.abc import Callable
from errno import EADDRINUSE
from pathlib import Path

import trio

from actors.exchanges.base import Fetch
from actors.feed.rest import open_rest
from actors.runtime.errors import FeedError
from actors.runtime.settings import Settings, WebSettings
from commands.doctor.findings import Subject
from commands.stream.address import ANY_ADDRESS, bracketed
from web.limits import RESERVED_FILES

MB = 1 << 20
FREE_MB_MIN = 64
Usage = Callable[[Path], tuple[int, int, int]]


def examine_settings(subject: Subject, settings: Settings, path: Path) -> None:
    """They were read, so they are right: what do they come to?"""
    enabled = {name: each for name, each in settings.exchanges.items() if each.enabled}
    markets = sum(bool(symbols) for each in enabled.values() for symbols in (each.linear, each.spot))
    words = f"{path}: {', '.join(enabled)}; {markets} market{'s' if markets > 1 else ''}"
    subject.ok("settings", words)


def examine_directory(subject: Subject, settings: Settings, usage: Usage = shutil.disk_usage) -> None:
    """Whether the data directory can be written, and has room for what the settings allow it to grow to."""
    directory = Path(settings.data.directory).absolute()
    present = next(each for each in (directory, *directory.parents) if each.exists())
    try:
        with tempfile.TemporaryFile(dir=present) as file:
            file.write(b"tickwell")
            file.flush()
        free_mb = usage(present)[2] // MB
    except OSError as error:
        advice = "give the user that runs the hub a directory of its own: [data] directory, chown, mount"
        subject.fail("writable", f"{present}: {error.strerror}", advice)
        return
    subject.ok("writable", str(directory) if present == directory else f"{directory} can be made")
    _examine_room(subject, settings, directory, free_mb)


def _examine_room(subject: Subject, settings: Settings, directory: Path, free_mb: int) -> None:
    held_mb = sum(each.stat().st_size for each in directory.glob("**/*.db*") if each.is_file()) // MB
    wanted_mb = wanted_mb_max(settings)
    words = f"{free_mb} MB free; the settings let it grow by {max(0, wanted_mb - held_mb)} MB"
    if free_mb < FREE_MB_MIN:
        subject.fail("space", words, "make room: below that, rows are dropped as soon as memory is full")
    elif free_mb < wanted_mb - held_mb:
        advice = "give it a larger disk, or lower mb_max of [sink:history] and outbox_mb_max of every sink"
        subject.warn("space", words, advice)
    else:
        subject.ok("space", words)


def wanted_mb_max(settings: Settings) -> int:
    """To how many MB the settings let everything on our own disk grow; history without a bound counts as
    none."""
    sinks = (settings.history, settings.questdb, settings.redis)
    outboxes = sum(each.outbox_mb_max for each in sinks if each.enabled)
    return outboxes + (settings.history.mb_max if settings.history.enabled else 0)


def examine_files(subject: Subject, web: WebSettings, limits: tuple[int, int] | None = None) -> None:
    """Whether as many clients as the settings promise can be connected at once."""
    soft, hard = limits or resource.getrlimit(resource.RLIMIT_NOFILE)
    most = max(soft, hard) if resource.RLIM_INFINITY not in (soft, hard) else resource.RLIM_INFINITY
    if most == resource.RLIM_INFINITY or most >= web.clients_max + RESERVED_FILES:
        subject.ok("open files", f"{'no limit' if most == resource.RLIM_INFINITY else most}")
        return
    room = max(1, most - RESERVED_FILES)
    advice = "raise the limit (ulimit -Hn, LimitNOFILE= of systemd), or lower clients_max of [web]"
    subject.warn("open files", f"{most}: room for {room} clients, not for {web.clients_max}", advice)


def examine_certificate(subject: Subject, web: WebSettings) -> None:
    """Whether the certificate and its key can be loaded, and belong together."""
    if not web.tls_certificate:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(web.tls_certificate, web.tls_key)
    except (OSError, ssl.SSLError) as error:
        words = f"{web.tls_certificate}: {error.strerror or error}"
        subject.fail("certificate", words, "both must be PEM, readable, and of one pair: [web] tls_…")
    else:
        subject.ok("certificate", web.tls_certificate)


async def examine_port(subject: Subject, web: WebSettings) -> None:
    """Whether the hub could listen there, or one is there already."""
    place = f"{bracketed(web.host)}:{web.port}"
    trouble = bind_trouble(web.host, web.port)
    if trouble is None:
        subject.ok("port", f"{place} is free")
    elif trouble.errno == EADDRINUSE:
        await _examine_listener(subject, web, place)
    else:
        advice = "take an address of this machine, and a port above 1023: [web] host, port"
        subject.fail("port", f"{place}: {trouble.strerror or trouble}", advice)


def bind_trouble(host: str, port: int) -> OSError | None:
    """Why nobody could listen there now; `None` if one could."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            probe.listen(1)
    except OSError as error:
        return error
    return None


async def _examine_listener(subject: Subject, web: WebSettings, place: str) -> None:
    scheme = "https" if web.tls_certificate else "http"
    url = f"{scheme}://{bracketed(ANY_ADDRESS.get(web.host, web.host))}:{web.port}"
    other = "end what listens there, or take another port: [web] port"
    try:
        with trio.fail_after(3):
            async with open_rest(url) as rest:
                alive = b'"version"' in await rest.fetch(Fetch("livez", "/livez"))
    except (FeedError, trio.TooSlowError) as error:
        subject.fail("port", f"{place} is taken, and not by a hub that answers: {error or 'silence'}", other)
        return
    if not alive:
        subject.fail("port", f"{place} is taken by something else", other)
        return
    subject.ok("port", f"a hub runs at {place} already")
    await _examine_hub(subject, url)


async def _examine_hub(subject: Subject, url: str) -> None:
    try:
        with trio.fail_after(3):
            async with open_rest(url) as rest:
                await rest.fetch(Fetch("readyz", "/readyz"))
    except (FeedError, trio.TooSlowError) as error:
        subject.warn("running hub", f"not ready: {error or 'silence'}", f"{url}/health says what is wrong")
    else:
        subject.ok("running hub", "ready")
