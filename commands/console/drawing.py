"""From a picture and a view to the lines of a screen. Pure: the same in gives the same out.

What is not live is grey and says why, whatever else is told of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from commands.console.cells import Line, Span, clean, cut, padded
from commands.console.columns import CHANGES, COLUMNS, STATE_WIDTH, Column, fitting, state_of
from commands.console.numbers import fixed, is_known, latency, span
from commands.console.picture import Exchange, Picture, Row
from commands.console.view import View

COLUMNS_MIN, LINES_MIN = 40, 8
TAPE_SHARE, TAPE_LINES_MIN = 4, 4
ARROWS = {1: "↗", -1: "↘", 0: "→"}
ARROWLESS = dict.fromkeys(ARROWS, " ")  # one look knows no direction
DIRECTIONS = {1: "up", -1: "down", 0: ""}
DOTS = {"live": "🟢", "disconnected": "🔴", "stopped": "🔴"}
HELP = "q quit  / search  s sort  r reverse  e exchange  m market  t trades  ↑↓ move"


def draw(picture: Picture, view: View, size: tuple[int, int], now_s: float, where: str) -> list[Line]:
    """The screen: exactly as many lines, each exactly as wide, as `size` (columns, lines) says. `where` is
    the hub's address."""
    columns, lines = size
    if columns < COLUMNS_MIN or lines < LINES_MIN:
        few = [Line((Span(f"{COLUMNS_MIN}×{LINES_MIN} is the least", "warn"),))]
        return [cut(line, columns) for line in (few + [Line()] * lines)[:lines]]
    rows = view.select(picture.rows.values())
    above = [header(picture, rows, now_s, where), exchanges(picture, now_s), *banner(picture, now_s)]
    below = [*tape(picture, view, lines, now_s), footer(view)]
    shown = fitting(columns)
    page = lines - len(above) - len(below) - 1
    table = [heads(shown, view), *table_rows(picture, view, rows, shown, page, now_s)]
    return [cut(line, columns) for line in [*above, *table, *below]]


def header(picture: Picture, rows: Sequence[Row], now_s: float, where: str) -> Line:
    """Which hub it is, whether it is live, who else listens."""
    status, known = picture.status, picture.knows_status(now_s)
    clients = "–" if status.clients is None or not known else f"{status.clients:,}"
    words = f" {where}  connections {clients}  {len(rows):,} of {len(picture.rows):,}"
    return Line((Span("Tickwell ", "bold"), badge(picture, rows, now_s), Span(clean(words))))


def badge(picture: Picture, rows: Sequence[Row], now_s: float) -> Span:
    """LIVE, or what keeps it from being that."""
    if not picture.is_believed(now_s):
        return Span("[OFFLINE]", "warn")
    late = sum(not picture.is_live(row, now_s) for row in rows)
    if late:
        return Span(f"[{late:,} NOT LIVE]", "warn")
    return Span("[LIVE]", "up") if picture.is_whole else Span("[WAITING]", "warn")


def exchanges(picture: Picture, now_s: float) -> Line:
    """A dot for each exchange, with its messages per second and latency."""
    if not picture.status.exchanges:
        return Line((Span("⚪ how the exchanges do is not known yet", "dim"),))
    known = picture.knows_status(now_s)
    spans: list[Span] = []
    for exchange in picture.status.exchanges:
        spans += [Span("   ")] * bool(spans) + [
            told(exchange) if known else Span(f"⚪ {exchange.name}?", "dim")
        ]
    return Line(tuple(spans))


def told(exchange: Exchange) -> Span:
    """How an exchange is doing. A dot is never alone: not everybody sees its colour."""
    name, dot = clean(exchange.name), DOTS.get(exchange.state, "🟡")
    if exchange.state != "live":
        return Span(f"{dot} {name} {exchange.state}", "warn")
    return Span(f"{dot} {name} {exchange.messages_per_s:.0f}/s {latency(exchange.latency_ms)}")


def banner(picture: Picture, now_s: float) -> list[Line]:
    """Why nothing is current, if that is so; else what the hub had to say."""
    if picture.is_believed(now_s):
        return [Line((Span(clean(picture.notice), "warn"),))] if picture.notice else []
    if picture.trouble:
        why = f"{picture.trouble} ({span((now_s - picture.down_since_s) * 1000)} ago)"
    else:
        why = f"the hub has been silent for {span((now_s - picture.heard_s) * 1000)}"
    return [Line((Span(f"NOTHING IS CURRENT: {clean(why)}", "warn"),))]


def heads(shown: Sequence[Column], view: View) -> Line:
    """The names of the columns; the one that sorts has an arrow."""
    words = [padded(_head(each, view), each.width, is_text=each.is_text) for each in shown]
    return Line((Span(" ".join([*words, padded("AGE", STATE_WIDTH, is_text=False)]), "head"),))


def _head(column: Column, view: View) -> str:
    return column.head + ("▼" if view.is_descending else "▲") * (column.name == view.sort)


def table_rows(
    picture: Picture, view: View, rows: list[Row], shown: Sequence[Column], page: int, now_s: float
) -> list[Line]:
    """As many rows as have room."""
    seen = view.window(rows, page)
    made = [row_line(picture, row, shown, now_s, is_marked=row.key == view.cursor) for row in seen]
    if not made:
        made = [Line((Span(nothing(picture, view), "dim"),))]
    return (made + [Line()] * page)[:page]


def nothing(picture: Picture, view: View) -> str:
    """What to say of an empty table."""
    if picture.rows:
        return "nothing fits; Esc, e and m show more" if view.search else "nothing here; e and m show more"
    return "the hub follows no such instrument yet" if picture.is_whole else "waiting for the hub …"


def row_line(
    picture: Picture,
    row: Row,
    shown: Sequence[Column],
    now_s: float,
    *,
    is_marked: bool = False,
    arrows: Mapping[int, str] = ARROWS,
) -> Line:
    """One instrument."""
    is_live = picture.is_live(row, now_s)
    direction = row.direction_at(now_s) if is_live else 0
    spans = []
    for column in shown:
        text = clean(column.text(row))
        if column.name == "price":
            text = f"{text} {arrows[direction] if is_known(column.value(row)) else ' '}"
        style = style_of(column, row, direction) if is_live else "dim"
        spans.append(Span(padded(text, column.width, is_text=column.is_text) + " ", style))
    state = clean(state_of(picture, row, now_s))
    spans.append(Span(padded(state, STATE_WIDTH, is_text=False), "" if is_live else "warn"))
    return Line(tuple(spans), is_marked)


def style_of(column: Column, row: Row, direction: int) -> str:
    """Green and red where a direction is told; its arrow or sign says the same."""
    if column.name == "price":
        return DIRECTIONS[direction]
    value = column.value(row)
    if column.name in CHANGES and is_known(value) and abs(value) >= 0.005:
        return "up" if value > 0 else "down"
    return ""


def tape(picture: Picture, view: View, lines: int, now_s: float) -> list[Line]:
    """The newest trades of the row under the cursor, if there is room for them."""
    room = lines // TAPE_SHARE
    if not view.has_tape or room < TAPE_LINES_MIN:
        return []
    row = picture.rows.get(picture.tape_key)
    title = f"TRADES of {picture.tape_key}" if picture.tape_key else "TRADES"
    newest = list(picture.tape)[::-1][: room - 1]
    believed = picture.is_believed(now_s)
    told = [trade_line(each, row.decimals if row else 0, believed) for each in newest]
    if not told:
        words = "none yet" if believed and picture.tape_key else ""
        told = [Line((Span(clean(picture.tape_trouble) or words, "dim"),))]
    return ([Line((Span(clean(title), "bold"),)), *told] + [Line()] * room)[:room]


def trade_line(trade: dict[str, object], decimals: int, believed: bool) -> Line:
    """One trade: when (UTC), the taker's side, price and size."""
    side, quality = str(trade.get("side")), trade.get("quality")
    direction = {"buy": 1, "sell": -1}.get(side, 0)
    is_live = believed and quality == "live"
    words = [
        time_of_day(trade.get("ts_event") or trade.get("ts_recv")),
        f"{ARROWS[direction]} {clean(side):4}",
        padded(fixed(trade.get("price"), decimals), 14, is_text=False),
        padded(_size(trade.get("size")), 14, is_text=False),
    ]
    mark = "" if is_live else f"  {clean(str(quality or 'unknown'))}"
    return Line((Span("  ".join(words), DIRECTIONS[direction] if is_live else "dim"), Span(mark, "warn")))


def _size(size: object) -> str:
    return f"{size:,.8f}".rstrip("0").rstrip(".") if is_known(size) else "–"


def time_of_day(ms: object) -> str:
    """Unix ms as the time of day in UTC."""
    if not is_known(ms):
        return "--:--:--"
    seconds = int(ms // 1000) % 86_400
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def footer(view: View) -> Line:
    """The keys; or what is searched."""
    if view.is_typing:
        return Line(
            (
                Span("/", "bold"),
                Span(f"{clean(view.search)}▏", "bold"),
                Span("  Enter keeps, Esc clears", "dim"),
            )
        )
    chosen = [
        f"/{view.search}" * bool(view.search),
        view.exchange,
        view.market,
    ]
    words = "  ".join(each for each in chosen if each)
    return Line((Span(clean(words) + "  " * bool(words), "bold"), Span(HELP, "dim")))


def plain(picture: Picture, view: View, columns: int, now_s: float, where: str) -> list[str]:
    """Everything once, as text without styles, as wide as it must be: for pipes and logs."""
    rows = view.select(picture.rows.values())
    shown = fitting(columns) if columns else list(COLUMNS)
    lines = [header(picture, rows, now_s, where), exchanges(picture, now_s), *banner(picture, now_s)]
    lines += [
        heads(shown, View(sort="")),
        *(row_line(picture, row, shown, now_s, arrows=ARROWLESS) for row in rows),
    ]
    return [line.text.rstrip() for line in lines]
