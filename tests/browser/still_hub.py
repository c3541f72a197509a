"""The real web over a made-up picture in which nothing moves: for the pages that show what REST tells.

python tests/browser/still_hub.py --port 8799
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import trio

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from actors.runtime.settings import WebSettings  # noqa: E402
from tests.web.harness import Switch  # noqa: E402
from tests.web.populated import OFFERS, populated  # noqa: E402
from web.app import create_app  # noqa: E402
from web.server import serve  # noqa: E402


async def main(port: int) -> None:
    """Serve until the process ends."""
    settings, stop, read_model = WebSettings(port=port), trio.Event(), populated()
    app = create_app(read_model, Switch(), settings, stop=stop, now_ns=read_model.now_ns, offers=OFFERS)
    await serve(app, settings, stop, shutdown_grace_s=1.0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The real web over a picture that stands still.")
    parser.add_argument("--port", type=int, required=True)
    trio.run(main, parser.parse_args().port)
