"""The grammar of a screener's filter, by recursive descent, one function per rule:

any        = all  { "or" all }
all        = one  { ("and" | "," | "&") one }
one        = "not" one | "(" any ")" | comparison
comparison = field operator value
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from fnmatch import translate
from math import isfinite

from actors.market.screen_fields import NUMBERS, TEXTS, NumberOf, Row, ScreenError, TextOf, known_field
from actors.market.screen_words import Kind, Word, words

Condition = Callable[[Row], bool]

NESTING_MAX = 20
_NUMBER = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)([kmb]?)", re.IGNORECASE | re.ASCII)
_SCALES = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9}
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
}


def parse_filter(text: str) -> tuple[Condition, frozenset[str]]:
    """What a filter asks, as a function of a row, and the fields that it names. Raises `ScreenError`."""
    parser = _Parser(words(text))
    condition = parser.whole()
    return condition, frozenset(parser.fields)


class _Parser:
    """The words of one filter and how far they were understood."""

    def __init__(self, found: list[Word]) -> None:
        self._words = found
        self._at = 0
        self._nesting = 0
        self.fields: set[str] = set()

    def whole(self) -> Condition:
        if self._is("end"):
            return lambda row: True
        condition = self._any()
        if not self._is("end"):
            raise self._expected("'and', 'or' or the end is expected here")
        return condition

    def _any(self) -> Condition:
        conditions = [self._all()]
        while self._take("or"):
            conditions.append(self._all())
        return conditions[0] if len(conditions) == 1 else _one_of(conditions)

    def _all(self) -> Condition:
        conditions = [self._one()]
        while self._take("and"):
            conditions.append(self._one())
        return conditions[0] if len(conditions) == 1 else _all_of(conditions)

    def _one(self) -> Condition:
        if not (self._is("not") or self._is("(")):
            return self._comparison()
        self._nesting += 1
        if self._nesting > NESTING_MAX:
            raise self._expected(f"at most {NESTING_MAX} parentheses and 'not' within each other")
        condition = _none_of(self._one()) if self._take("not") else self._in_parentheses()
        self._nesting -= 1
        return condition

    def _in_parentheses(self) -> Condition:
        self._take("(")
        condition = self._any()
        if not self._take(")"):
            raise self._expected("')', 'and' or 'or' is expected here")
        return condition

    def _comparison(self) -> Condition:
        name = self._next("word", "the name of a field is expected here")
        field = known_field("filter", name.text, name.position)
        self.fields.add(field)
        if field in TEXTS:
            return self._compare_texts(TEXTS[field])
        return self._compare_numbers(NUMBERS[field])

    def _compare_texts(self, value_of: TextOf) -> Condition:
        sign = self._next("operator", "one of = != ~ is expected here")
        if sign.text not in ("=", "==", "!=", "~"):
            raise _wrong(sign, "a text is compared with = != ~")
        value = self._value("a text is expected here")
        if sign.text == "~":
            return _matching(value_of, value.text)
        return _equal(value_of, value.text.lower(), wanted=sign.text != "!=")

    def _compare_numbers(self, value_of: NumberOf) -> Condition:
        sign = self._next("operator", "one of > >= < <= = != is expected here")
        if sign.text not in _COMPARE:
            raise _wrong(sign, "a number is compared with > >= < <= = !=")
        value = self._value("a number is expected here")
        return _compared(value_of, _COMPARE[sign.text], self._number(value))

    def _number(self, word: Word) -> float | NumberOf:
        """A number, or the numeric field of that name."""
        written = _NUMBER.fullmatch(word.text)
        if written:
            number = float(written[1]) * _SCALES[written[2].lower()]
            if isfinite(number):
                return number
            raise _wrong(word, "too great a number")
        if not word.text[:1].isalpha():
            raise _wrong(word, "a number such as 1.5, -3e4 or 10m is expected here")
        field = known_field("filter", word.text, word.position)
        if field in TEXTS:
            raise _wrong(word, "a number or a numeric field is expected here, and this field is a text")
        self.fields.add(field)
        return NUMBERS[field]

    def _kind(self) -> Kind:
        """What the present word is where a value is not expected: only there, a coin cannot be named OR."""
        word = self._words[self._at]
        connective: dict[str, Kind] = {"and": "and", "or": "or", "not": "not"}
        return connective.get(word.text.lower(), word.kind) if word.kind == "word" else word.kind

    def _is(self, kind: Kind) -> bool:
        return self._kind() == kind

    def _take(self, kind: Kind) -> bool:
        taken = self._is(kind)
        self._at += taken
        return taken

    def _next(self, kind: Kind, expected: str) -> Word:
        word = self._words[self._at]
        if not self._take(kind):
            raise self._expected(expected)
        return word

    def _value(self, expected: str) -> Word:
        word = self._words[self._at]
        if word.kind not in ("word", "quoted"):
            raise self._expected(expected)
        self._at += 1
        return word

    def _expected(self, expected: str) -> ScreenError:
        return _wrong(self._words[self._at], expected)


def _wrong(word: Word, expected: str) -> ScreenError:
    return ScreenError("filter", word.text, word.position, expected)


def _one_of(conditions: list[Condition]) -> Condition:
    return lambda row: any(condition(row) for condition in conditions)


def _all_of(conditions: list[Condition]) -> Condition:
    return lambda row: all(condition(row) for condition in conditions)


def _none_of(condition: Condition) -> Condition:
    return lambda row: not condition(row)


def _equal(value_of: TextOf, text: str, *, wanted: bool) -> Condition:
    def condition(row: Row) -> bool:
        value = value_of(row)
        return value is not None and (value.lower() == text) is wanted

    return condition


def _matching(value_of: TextOf, pattern: str) -> Condition:
    matches = re.compile(translate(pattern), re.IGNORECASE).match

    def condition(row: Row) -> bool:
        value = value_of(row)
        return value is not None and matches(value) is not None

    return condition


def _compared(value_of: NumberOf, holds: Callable[[float, float], bool], to: float | NumberOf) -> Condition:
    def condition(row: Row) -> bool:
        value = value_of(row)
        other = to(row) if callable(to) else to
        return value is not None and other is not None and holds(value, other)

    return condition
