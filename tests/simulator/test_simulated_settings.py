"""What the simulator is told on its command line."""

from __future__ import annotations

import pytest

from simulator.__main__ import parse_arguments


def test_what_is_not_given_is_as_at_the_exchanges() -> None:
    assert parse_arguments([]).shutdown_notice_s == 10
    assert parse_arguments(["--notice", "600"]).shutdown_notice_s == 600


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--rate", "0", "rate must lie within"),
        ("--symbols", "5", "symbols must lie within"),
        ("--notice", "-5", "shutdown_notice_s must be more than 0, not -5.0"),
        ("--notice", "nan", "shutdown_notice_s must be more than 0, not nan"),
    ],
)
def test_what_cannot_be_is_named(
    option: str, value: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_arguments([option, value])
    assert ended.value.code == 2
    assert words in capsys.readouterr().err
