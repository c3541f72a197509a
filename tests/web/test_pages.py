"""The pages: types, validators, and nothing outside their folders."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from quart_trio import QuartTrio

from tests.web.harness import application


@pytest.fixture
def app(tmp_path: Path) -> QuartTrio:
    """An application over placeholder files."""
    (tmp_path / "static" / "js").mkdir(parents=True)
    (tmp_path / "static" / "app" / "assets").mkdir(parents=True)
    (tmp_path / "static" / "app" / "index.html").write_text("<!doctype html><div id=app></div>")
    (tmp_path / "static" / "app" / "assets" / "index-0a1b.js").write_text("export {}")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "realtime-test.html").write_text("<!doctype html><title>t</title>")
    (tmp_path / "static" / "favicon.svg").write_text("<svg/>")
    (tmp_path / "static" / "js" / "client.js").write_text("export {}")
    (tmp_path / "static" / "secret.py").write_text("no")
    (tmp_path / "outside.js").write_text("no")
    return application(folder=tmp_path)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/realtime-test", "text/html; charset=utf-8"),
        ("/static/js/client.js", "text/javascript; charset=utf-8"),
        ("/favicon.ico", "image/svg+xml"),
        ("/static/favicon.svg", "image/svg+xml"),
    ],
)
async def test_a_file_has_its_type_and_is_revalidated(app: QuartTrio, path: str, kind: str) -> None:
    client = app.test_client()
    response = await client.get(path)
    assert (response.status_code, response.headers["Content-Type"]) == (200, kind)
    assert response.headers["Cache-Control"] == "no-cache"
    again = await client.get(path, headers={"If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("path", ["/", "/market", "/terminal/bybit:linear:BTCUSDT", "/quality", "/alerts"])
async def test_every_screen_is_the_same_page(app: QuartTrio, path: str) -> None:
    response = await app.test_client().get(path)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert response.headers["Cache-Control"] == "no-cache"
    assert "<div id=app>" in await response.get_data(as_text=True)


async def test_what_is_named_after_its_content_is_kept_by_browsers(app: QuartTrio) -> None:
    response = await app.test_client().get("/static/app/assets/index-0a1b.js")
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"


async def test_files_are_sent_packed_to_whoever_reads_it(app: QuartTrio) -> None:
    client, path = app.test_client(), "/static/js/client.js"
    plain = await client.get(path)
    assert "Content-Encoding" not in plain.headers
    packed = await client.get(path, headers={"Accept-Encoding": "gzip, br"})
    assert (packed.headers["Content-Encoding"], packed.headers["Vary"]) == ("gzip", "Accept-Encoding")
    body = await packed.get_data(as_text=False)
    assert gzip.decompress(body) == await plain.get_data(as_text=False)
    assert packed.headers["Content-Length"] == str(len(body))
    again = {"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]}
    assert (await client.get(path, headers=again)).status_code == 304


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static/none.js",
        "/static/secret.py",
        "/static/../outside.js",
        "/static/%2e%2e/outside.js",
        "/static/..%2foutside.js",
        "/static//etc/hosts.txt",
        "/static/js",
        "/static/a%00.js",
        "/static/..\\outside.js",
    ],
)
async def test_nothing_else_is_served(app: QuartTrio, path: str) -> None:
    response = await app.test_client().get(path)
    assert response.status_code in {404, 308}
    assert await response.get_data(as_text=False) != b"no"


async def test_the_example_page_is_served_and_nothing_else_of_its_folder(app: QuartTrio) -> None:
    client = app.test_client()
    for name, kind in (("browser.html", "html"), ("browser.js", "javascript"), ("browser.css", "css")):
        response = await client.get(f"/examples/{name}")
        assert (response.status_code, response.mimetype) == (200, f"text/{kind}")
    for name in ("book_imbalance.py", "../README.md", "..%2fREADME.md", ""):
        assert (await client.get(f"/examples/{name}")).status_code == 404
