"""The JavaScript client as a package: small files, types that fit the code, a README that is right; npm can
pack it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from actors.runtime.version import __version__
from tests.processes import ROOT

SOURCE = ROOT / "web" / "static" / "js"
FILES = [SOURCE / "tickwell.js", *sorted((SOURCE / "tickwell").glob("*.js"))]
PACKAGE = ROOT / "clients" / "js"
README = (PACKAGE / "README.md").read_text(encoding="utf-8")
NODE, NPM = shutil.which("node"), shutil.which("npm")
SHOWING = [PACKAGE / "README.md", ROOT / "docs" / "alerts.md", ROOT / "docs" / "plugins.md"]
FILE_LINES_MAX = 300
FUNCTION_LINES_MAX = 60
# The public face as the running module has it: its exports, and the members of their classes.
FACE = """
const client = await import(process.argv[1]);
const own = (it) => (it ? [...Object.getOwnPropertyNames(it), ...own(Object.getPrototypeOf(it))] : []);
const common = new Set([...own(Object.prototype), ...own(Error.prototype)]);
const members = (it) => own(it.prototype).filter((name) => !common.has(name));
const found = Object.entries(client).map(([name, it]) => [name, members(it)]);
console.log(JSON.stringify(Object.fromEntries(found)));
"""

needs_node = pytest.mark.skipif(
    NODE is None, reason="node is not installed: the JavaScript tests did NOT run"
)


@cache
def face() -> dict[str, list[str]]:
    """Each export, and its members."""
    command = [NODE or "", "--input-type=module", "-e", FACE, (SOURCE / "tickwell.js").as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_files_are_small_and_say_what_they_are_for(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= FILE_LINES_MAX
    assert text.startswith("/**")
    functions = re.findall(r"^(?:export )?(?:async )?function .*?^\}", text, re.MULTILINE | re.DOTALL)
    methods = re.findall(r"^  [#\w][^\n]*\) \{\n.*?^  \}", text, re.MULTILINE | re.DOTALL)
    assert all(each.count("\n") < FUNCTION_LINES_MAX for each in (*functions, *methods))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_is_imported_from_elsewhere(path: Path) -> None:
    for source in re.findall(r'^[^ ].* from "([^"]+)"', path.read_text(encoding="utf-8"), re.MULTILINE):
        assert source.startswith("./")
        assert (path.parent / source).exists()


@needs_node
def test_the_types_have_every_public_name() -> None:
    types = "\n".join(path.read_text(encoding="utf-8") for path in (PACKAGE / "types").rglob("*.d.ts"))
    entry = (PACKAGE / "types" / "tickwell.d.ts").read_text(encoding="utf-8")
    for name, members in face().items():
        assert re.search(rf"\b{name}\b", entry), f"{name}: run npm run types"
        missing = [each for each in members if not re.search(rf"\b{each}\b[<(:]", types)]
        assert missing == [], f"{name}: run npm run types"


def test_the_types_are_of_the_sources_that_there_are() -> None:
    declared = {path.name.removesuffix(".d.ts") for path in (PACKAGE / "types").rglob("*.d.ts")}
    assert declared == {path.stem for path in FILES}


@needs_node
def test_the_readme_names_what_there_is() -> None:
    members = {each for found in face().values() for each in found}
    for owner, name in re.findall(r"\b(hub|subscription|book|tickers)\.(\w+)", README):
        assert name in members | {"reconnects"}, f"{owner}.{name}"


@needs_node
@pytest.mark.parametrize("path", SHOWING, ids=lambda path: path.name)
def test_the_programs_in_the_documents_can_be_read(path: Path, tmp_path: Path) -> None:
    programs = re.findall(r"```js\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
    assert programs
    for count, code in enumerate(programs):
        (tmp_path / f"{count}.mjs").write_text(code)
        done = subprocess.run(
            [NODE or "", "--check", str(tmp_path / f"{count}.mjs")],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def copied(tmp_path: Path) -> Path:
    """The package, and what it is made of, where nothing else is."""
    shutil.copytree(SOURCE, tmp_path / "web" / "static" / "js")
    shutil.copytree(
        PACKAGE, tmp_path / "clients" / "js", ignore=shutil.ignore_patterns("dist", "node_modules")
    )
    shutil.copy(ROOT / "LICENSE", tmp_path)
    return tmp_path / "clients" / "js"


@needs_node
def test_the_package_is_whole(tmp_path: Path) -> None:
    package = copied(tmp_path)
    described = json.loads((package / "package.json").read_text(encoding="utf-8"))
    assert described["version"] == __version__
    assert "dependencies" not in described
    subprocess.run([NODE or "", "build.mjs"], cwd=package, check=True)
    for name in (described["main"], described["types"], *described["files"]):
        assert (package / name).exists()
    done = subprocess.run(
        [NODE or "", "-e", "import('tickwell-client').then((m) => console.log(typeof m.connect))"],
        cwd=package,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "function"
    if NPM is not None:  # npm is a package of its own, and adds nothing that is ours
        assert packed(package) >= {
            "package.json",
            "README.md",
            "LICENSE",
            "dist/tickwell.js",
            "types/tickwell.d.ts",
        }


def packed(package: Path) -> set[str]:
    """What npm would put into a package."""
    command = [NPM or "", "pack", "--dry-run", "--json", "--offline"]
    done = subprocess.run(command, cwd=package, capture_output=True, text=True, timeout=120, check=True)
    listed = json.loads(done.stdout[done.stdout.index("[") :])
    return {each["path"] for each in listed[0]["files"]}
