"""`GET /metrics`, guarded as every other reading is."""

from __future__ import annotations

from quart import Response, request
from quart_trio import QuartTrio

from web.metrics.scrape import CONTENT_TYPES, Format, Scraper
from web.site import Site

OPENMETRICS = "application/openmetrics-text"


def register(app: QuartTrio, site: Site) -> None:
    """Add the route to `app`."""
    scraper = Scraper(site)

    @app.get("/metrics")
    async def metrics() -> Response:
        wanted, compress = wanted_format(), request.accept_encodings.quality("gzip") > 0
        body = await scraper.answer(wanted, compress=compress)
        headers = {
            "content-type": CONTENT_TYPES[wanted],
            "cache-control": "no-store",
            "vary": "accept, accept-encoding",
        }
        return Response(body, headers=headers | ({"content-encoding": "gzip"} if compress else {}))


def wanted_format() -> Format:
    """What the client of the request at hand reads: OpenMetrics if it says so, whatever version it likes."""
    named = {media_type.partition(";")[0] for media_type, quality in request.accept_mimetypes if quality > 0}
    return "openmetrics" if OPENMETRICS in named else "text"
