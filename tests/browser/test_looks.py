"""Every screen looks as it did when somebody looked at it last.

`looks/` has the pictures that were looked at, of a market that stands still. Whoever means to change them
runs `pytest tests/browser/test_looks.py --update-golden`, and looks at what changed.
"""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.patience import PATIENCE_S
from tests.web.harness import NOW_NS

from .conftest import Hub, Screen
from .screens import SCREENS, open_screen

pytestmark = pytest.mark.browser

LOOKS = Path(__file__).parent / "looks"
WIDTHS = (1440, 360)
# How the edges of letters are drawn is the machine's matter: a part of the picture is a square of so many
# pixels, and so much darker or lighter is another.
SQUARE_PX, SHADES, PARTS_MAX = 4, 24, 0.01
OTHER_PARTS = """async ([before, after, square, shades]) => {
  const pixels = async (png) => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
    const canvas = new OffscreenCanvas(Math.ceil(image.width / square), Math.ceil(image.height / square));
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    return context.getImageData(0, 0, canvas.width, canvas.height);
  };
  const [one, two] = [await pixels(before), await pixels(after)];
  if (one.width !== two.width || one.height !== two.height) return 1;
  let others = 0;
  for (let at = 0; at < one.data.length; at += 4) {
    const far = [0, 1, 2].some((color) => Math.abs(one.data[at + color] - two.data[at + color]) > shades);
    others += far ? 1 : 0;
  }
  return others / (one.data.length / 4);
}"""


@pytest.fixture(scope="module")
def still(browser: Browser) -> Iterator[Screen]:
    """A page at the time of the posed picture, on which nothing moves."""
    context = browser.new_context(
        color_scheme="dark", timezone_id="UTC", locale="en-GB", reduced_motion="reduce"
    )
    screen = Screen(context.new_page())
    screen.listen()
    screen.page.clock.set_fixed_time(NOW_NS / 1e6)
    yield screen
    context.close()


@pytest.fixture(scope="module")
def judge(browser: Browser) -> Iterator[Page]:
    """Where pictures are compared."""
    page = browser.new_page()
    yield page
    page.close()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", SCREENS)
def test_it_looks_as_it_did(
    still: Screen,
    judge: Page,
    posed_hub: Hub,
    pytestconfig: pytest.Config,
    tmp_path: Path,
    name: str,
    width: int,
) -> None:
    page = open_screen(still, posed_hub.url, name, width)
    page.wait_for_load_state("networkidle")
    look, taken = LOOKS / f"{name}-{width}.png", tmp_path / f"{name}-{width}.png"
    if pytestconfig.getoption("--update-golden"):
        take(page, look)
    # Some of it is asked for only when the rest is there.
    deadline_s, others = time.monotonic() + PATIENCE_S, 1.0
    while others > PARTS_MAX and time.monotonic() < deadline_s:
        take(page, taken)
        others = other_parts(judge, look, taken)
    assert others <= PARTS_MAX, f"{others:.1%} of the picture look otherwise: compare {taken} with {look}"


def take(page: Page, path: Path) -> None:
    """A picture of it, as it is."""
    page.screenshot(path=path, animations="disabled", caret="hide")


def other_parts(judge: Page, before: Path, after: Path) -> float:
    """Which share of the picture is another."""
    pictures = [b64encode(each.read_bytes()).decode() for each in (before, after)]
    found: float = judge.evaluate(OTHER_PARTS, [*pictures, SQUARE_PX, SHADES])
    return found


def test_another_picture_is_noticed(judge: Page) -> None:
    """The market's list and the terminal share the bar above them, and nothing else."""
    looks = [LOOKS / f"{name}-1440.png" for name in ("market", "terminal")]
    assert other_parts(judge, looks[0], looks[0]) == 0
    assert other_parts(judge, *looks) > 10 * PARTS_MAX
