"""The pages: static files with honest types and validators, and nothing computed."""

from __future__ import annotations

import gzip
from functools import lru_cache
from pathlib import Path

from quart import Response, request, send_from_directory
from quart_trio import QuartTrio
from werkzeug.exceptions import NotFound

HERE = Path(__file__).parent
EXAMPLES = HERE.parent / "examples"  # of a copy of the repository; an installed hub has none
EXAMPLE_FILES = {"browser.html", "browser.css", "browser.js"}
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}

COMPRESSED = {".html", ".js", ".css", ".json", ".svg", ".txt"}
# The build names these after their content: another content is another name.
NAMED_BY_CONTENT = "app/assets/"
SCREENS = ("/", "/market", "/terminal/<key>", "/spreads", "/liquidations", "/funding", "/quality", "/alerts")


def register(app: QuartTrio, folder: Path = HERE) -> None:
    """Add the pages to `app`. `folder` holds `static/` and `templates/`."""

    async def screen(key: str = "") -> Response:
        return await file_response(folder / "static" / "app", "index.html")

    for path in SCREENS:
        app.add_url_rule(path, f"screen {path}", screen, methods=["GET"])

    @app.get("/realtime-test")
    async def realtime_test() -> Response:
        return await file_response(folder / "templates", "realtime-test.html")

    @app.get("/docs")
    async def docs() -> Response:
        return await file_response(folder / "templates", "docs.html")

    @app.get("/examples/<name>")
    async def example(name: str) -> Response:
        if name not in EXAMPLE_FILES:
            raise NotFound
        return await file_response(EXAMPLES, name)

    @app.get("/favicon.ico")
    async def favicon() -> Response:
        return await file_response(folder / "static", "favicon.svg")

    @app.get("/static/<path:name>")
    async def static_file(name: str) -> Response:
        response = await file_response(folder / "static", name)
        if name.startswith(NAMED_BY_CONTENT):
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


async def file_response(folder: Path, name: str) -> Response:
    """A file below `folder`: revalidated on every use, so that an upgrade is seen at once; 404 if not there.

    The type comes from our own table: the system's may call JavaScript plain text, which `nosniff` forbids.
    """
    mimetype = TYPES.get(Path(name).suffix)
    if mimetype is None or "\0" in name:
        raise NotFound
    response = await send_from_directory(folder, name, mimetype=mimetype, conditional=True)
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Content-Type"] = mimetype
    if Path(name).suffix in COMPRESSED:
        response.headers["Vary"] = "Accept-Encoding"
        if response.status_code == 200 and request.accept_encodings["gzip"] > 0:
            path = folder / name
            response.set_data(compressed(path, path.stat().st_mtime_ns))
            response.headers["Content-Encoding"] = "gzip"
    return response


@lru_cache(maxsize=256)
def compressed(path: Path, changed_ns: int) -> bytes:
    """What a file holds, as gzip; packed once as long as it does not change."""
    return gzip.compress(path.read_bytes(), 9, mtime=0)
