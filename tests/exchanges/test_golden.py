"""Golden frames give golden events, exactly. `pytest --update-golden` writes down what they give now."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.exchanges import exchanges, load_codec
from actors.market.instrument import LINEAR, SPOT
from tests.exchanges.cases import folders, load, paths, replay, save

ALL = [path for folder in folders() for path in paths(folder)]


@pytest.mark.parametrize("path", ALL, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_golden_frames_give_golden_events(path: Path, pytestconfig: pytest.Config) -> None:
    case = load(path)
    got = replay(load_codec(path.parent.name)(case.market), case)
    if pytestconfig.getoption("--update-golden") and got != case.expected:
        case.expected = got
        save(path, case)
    assert got == case.expected


@pytest.mark.parametrize("path", ALL, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_case_says_what_it_is_about_and_its_name_does_not_lie(path: Path) -> None:
    case = load(path)
    assert case.market in load_codec(path.parent.name).markets
    assert path.stem.partition("_")[0] not in {LINEAR, SPOT} - {case.market}
    assert case.about.strip()
    assert case.frames


def test_every_codec_has_a_golden_folder_and_every_folder_a_codec() -> None:
    assert folders() == exchanges()


@pytest.mark.parametrize("exchange", exchanges())
def test_every_market_has_golden_cases(exchange: str) -> None:
    assert {load(path).market for path in paths(exchange)} == set(load_codec(exchange).markets)
