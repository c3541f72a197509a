"""Gets the QuestDB servers that the tests run against: `python tests/sinks/fetch_questdb.py`.

Maven fetches them once, into the user's cache; they need Java 17 or newer.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

NEWEST = "9.3.4"
OLDEST = "9.1.1"
FETCH_WITHIN_S = 300


class NotToBeHad(Exception):
    """This machine cannot get a QuestDB, or not run it."""


def java() -> str:
    """The Java that runs the servers."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin" if home else None) or shutil.which("java")
    if found is None:
        raise NotToBeHad("there is no java (17 or newer) on this machine")
    return found


def jar(version: str) -> Path:
    """The server of a version; fetched, if it was not before."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tickwell-tests" / "questdb"
    path = cache / f"questdb-{version}.jar"
    if not path.exists():
        _fetch(f"org.questdb:questdb:{version}", cache)
    return path


def _fetch(artifact: str, folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise NotToBeHad("there is no mvn on this machine, which fetches QuestDB")
    folder.mkdir(parents=True, exist_ok=True)
    command = [maven, "-q", "-B", "dependency:copy", f"-Dartifact={artifact}", f"-DoutputDirectory={folder}"]
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=FETCH_WITHIN_S)
    except subprocess.CalledProcessError as error:
        raise NotToBeHad(f"mvn cannot fetch {artifact}: {error.stdout.decode()[-500:]}") from None
    except subprocess.TimeoutExpired:
        raise NotToBeHad(f"mvn did not fetch {artifact} within {FETCH_WITHIN_S} s") from None


if __name__ == "__main__":
    for each in (NEWEST, OLDEST):
        print(jar(each))
