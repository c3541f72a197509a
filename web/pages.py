"""The pages: static files with honest types and validators, and nothing computed."""

from __future__ import annotations

from pathlib import Path

from quart import Response, redirect, send_from_directory
from quart_trio import QuartTrio
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as WerkzeugResponse

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


def register(app: QuartTrio, folder: Path = HERE) -> None:
    """Add the pages to `app`. `folder` holds `static/` and `templates/`."""

    @app.get("/")
    async def home() -> WerkzeugResponse:
        return redirect("/realtime-test", 302)

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
        return await file_response(folder / "static", name)


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
    return response
