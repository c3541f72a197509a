"""The rules of the house: who imports whom, what the pure zone may not know, how long things may be."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDERS = ("actors", "commands", "web", "simulator")
SOURCES = [
    *sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")),
    ROOT / "supervisor.py",
]
TESTS = sorted((ROOT / "tests").rglob("*.py"))

FILE_LINES_MAX = 300
TEST_FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
FUNCTION_LINES_MEDIAN = 8
FILE_LINES_MEDIAN = 130

PURE = ("actors.market", "actors.exchanges")
PURE_MODULES = (
    "actors.bus.base",
    "actors.bus.carried",
    "actors.bus.confluence",
    "actors.bus.crew",
    "actors.bus.memory",
    "actors.bus.outgoing",
    "actors.bus.reporting",
    "actors.bus.sharing",
    "actors.bus.voices",
    "actors.bus.wire",
    "actors.feed.subscriptions",
    "actors.feed.refusals",
    "actors.feed.plan",
    "actors.feed.agenda",
    "actors.feed.memory",
    "actors.feed.stream",
    "actors.feed.watch",
    "actors.feed.wishes",
    "actors.nats.patterns",
    "actors.nats.quotes",
    "actors.nats.subjects",
    "simulator.world",
)
IMPURE = {
    "trio", "asyncio", "time", "random", "socket", "ssl", "os", "threading", "logging", "datetime",
    "httpx", "trio_websocket", "quart", "hypercorn", "wsproto", "subprocess", "pathlib",
}  # fmt: skip

# Of ours, a module may import what begins with one of these; the first prefix that fits decides.
ALLOWED: dict[str, tuple[str, ...]] = {
    "actors.exchanges": ("actors.market", "actors.exchanges", "actors.runtime.errors"),
    "actors.market": ("actors.market", "actors.runtime.errors"),
    "actors.runtime": ("actors.runtime",),
    "actors.bus.node": ("actors.bus", "actors.intake", "actors.market", "actors.runtime"),
    "actors.bus.hearing": ("actors.bus", "actors.intake", "actors.market", "actors.runtime"),
    "actors.bus.redis": (
        "actors.bus",
        "actors.sinks._redis_address",
        "actors.sinks._redis_errors",
        "actors.sinks._redis_sending",
        "actors.runtime.errors",
    ),
    "actors.bus._nats_notes": ("actors.bus", "actors.nats.subjects"),
    "actors.bus.nats": ("actors.bus", "actors.nats", "actors.runtime.errors"),
    "actors.bus": ("actors.bus", "actors.market", "actors.runtime"),
    "actors.feed": (
        "actors.feed",
        "actors.market",
        "actors.exchanges.base",
        "actors.runtime.errors",
        "actors.runtime.settings",
    ),
    "actors.ingest": ("actors.feed", "actors.market", "actors.exchanges.base", "actors.runtime"),
    "actors.listing": ("actors.feed", "actors.market", "actors.exchanges.base", "actors.runtime"),
    "actors.feeds": (
        "actors.control",
        "actors.exchanges",
        "actors.feed",
        "actors.fleet",
        "actors.ingest",
        "actors.listing",
        "actors.market",
        "actors.runtime",
    ),
    "actors.keeping": (
        "actors.intake",
        "actors.nats.configured",
        "actors.persist",
        "actors.sinks",
        "actors.market",
        "actors.runtime",
    ),
    "actors.fleet": ("actors.feed.plan", "actors.market", "actors.runtime"),
    "actors.intake": ("actors.market", "actors.runtime"),
    "actors.nats.configured": ("actors.nats", "actors.publish", "actors.market", "actors.runtime"),
    "actors.nats": ("actors.nats", "actors.market", "actors.sinks._url_options", "actors.runtime.errors"),
    "actors.persist": ("actors.sinks", "actors.market", "actors.runtime"),
    "actors.sinks.configured": ("actors.sinks", "actors.market", "actors.runtime"),
    "actors.sinks": ("actors.sinks", "actors.market", "actors.runtime.errors"),
    "actors.alerts": (
        "actors.alerting",
        "actors.market",
        "actors.notifiers",
        "actors.runtime",
        "actors.sinks.base",
    ),
    "actors.alerting": (
        "actors.alerting",
        "actors.market",
        "actors.notifiers",
        "actors.runtime",
        "actors.sinks.base",
    ),
    "actors.plugins": ("actors.plugging", "actors.market", "actors.runtime"),
    "actors.plugging": ("actors.plugging", "actors.market", "actors.runtime"),
    "actors.notifiers": ("actors.notifiers", "actors.runtime.errors"),
    "actors.export": (
        "actors.export",
        "actors.market",
        "actors.sinks.base",
        "actors.sinks.sqlite_archive",
        "actors.runtime.errors",
        "actors.runtime.version",
    ),
    "actors": ("actors.market", "actors.runtime"),
    "commands": ("commands", "actors", "web", "simulator"),
    "web": ("web", "actors.market", "actors.runtime", "actors.sinks.base"),
    "simulator": ("simulator",),
}
CLIENT_FILES = {
    "actors.feed.websocket",
    "actors.feed.plain",
    "actors.feed.rest",
    "actors.sinks._questdb_http",
    "actors.notifiers._http",
}
CLIENT_LIBRARIES = {"httpx", "trio_websocket", "wsproto", "websockets", "h11"}
EXCHANGE_NAMES = ("bybit", "hyperliquid", "binance")


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide where things are"
            yield node.module or ""


def imported(path: Path, packages: set[str]) -> list[str]:
    """Which of these packages a file imports."""
    return sorted({name.split(".")[0] for name in imports(path)} & packages)


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def is_within(module: str, prefixes: tuple[str, ...]) -> bool:
    return any(module == prefix or module.startswith(prefix + ".") for prefix in prefixes)


def broken(rule: Callable[[Path], Iterable[str]], paths: Iterable[Path] = SOURCES) -> list[str]:
    """Where a rule is broken, and how."""
    return [f"{module_name(path)} {words}" for path in paths for words in rule(path)]


def test_imports_point_in_the_agreed_direction() -> None:
    def rule(path: Path) -> Iterator[str]:
        module = module_name(path)
        allowed = next((may for prefix, may in ALLOWED.items() if is_within(module, (prefix,))), None)
        if allowed is None:
            if module != "supervisor":
                yield "is in no agreed place"
            return
        ours = {name for name in imports(path) if name.split(".")[0] in (*FOLDERS, "supervisor")}
        yield from (f"may not import {name}" for name in sorted(ours) if not is_within(name, allowed))

    assert broken(rule) == []


def test_the_pure_zone_knows_no_world() -> None:
    def rule(path: Path) -> Iterator[str]:
        module = module_name(path)
        if is_within(module, PURE + PURE_MODULES) and module != "actors.exchanges":
            yield from (f"is pure and imports {name}" for name in imported(path, IMPURE))

    assert broken(rule) == []


def test_few_files_know_the_client_libraries() -> None:
    def rule(path: Path) -> Iterator[str]:
        module = module_name(path)
        if module.startswith("actors") and module not in CLIENT_FILES:
            yield from (f"imports {name}" for name in imported(path, CLIENT_LIBRARIES))

    assert broken(rule) == []


def test_an_exchange_is_named_in_its_codec_only() -> None:
    def rule(path: Path) -> Iterator[str]:
        module = module_name(path)
        if module.startswith("actors") and not module.startswith("actors.exchanges."):
            code = ast.dump(_without_docstrings(path)).lower()
            yield from (f"names {name}" for name in EXCHANGE_NAMES if name in code)

    assert broken(rule) == []


def _without_docstrings(path: Path) -> ast.Module:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [each for each in body if not _is_docstring(each)]  # type: ignore[attr-defined]
    return tree


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def test_files_and_functions_are_small() -> None:
    def rule(path: Path) -> Iterator[str]:
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > (TEST_FILE_LINES_MAX if path in tests else FILE_LINES_MAX):
            yield f"has {lines} lines: it holds two ideas"
        for node in functions(path):
            if length(node) > FUNCTION_LINES_MAX:
                yield f"has a function of {length(node)} lines: {node.name}"

    tests = set(TESTS)
    assert broken(rule, [*SOURCES, *TESTS]) == []


def test_the_median_is_small() -> None:
    files = sorted(len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES)
    lengths = sorted(length(node) for path in SOURCES for node in functions(path))
    assert files[len(files) // 2] <= FILE_LINES_MEDIAN
    assert lengths[len(lengths) // 2] <= FUNCTION_LINES_MEDIAN


def test_every_module_says_what_it_is_for() -> None:
    def rule(path: Path) -> Iterator[str]:
        if not ast.get_docstring(tree_of(path)):
            yield "has no docstring"
        if path.stem in ("utils", "helpers", "common", "misc"):
            yield "has a name that says nothing"

    assert broken(rule) == []


def test_public_things_are_documented() -> None:
    def rule(path: Path) -> Iterator[str]:
        if path.stem.startswith("_") and path.stem != "__init__":
            return
        for node in tree_of(path).body:
            if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if not node.name.startswith("_") and ast.get_docstring(node) is None:
                yield f"does not document {node.name}"

    assert broken(rule) == []


def test_only_the_clock_reads_the_time() -> None:
    readers = {module_name(path) for path in SOURCES if "time" in set(imports(path))}
    assert {name for name in readers if name.startswith("actors")} <= {
        "actors.runtime.clock",
        "actors.runtime.logs",
        "actors.sinks._sqlite_reader",  # a process of its own, which counts the seconds of a question
    }
