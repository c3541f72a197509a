"""A disk of few megabytes that a test can fill up."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PAGE_BYTES = 4096


class SmallDisk:
    """A mounted file system of its own, which is full when its size is what it holds."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        self.folder = folder
        self._bytes = megabytes << 20

    def fill(self) -> None:
        """Not a byte is left."""
        while self._left() and not self._resize(self._used()):
            pass  # somebody wrote in between, and a disk cannot be smaller than what it holds

    def free(self) -> None:
        """There is room again."""
        assert self._resize(self._bytes)

    def _left(self) -> int:
        return os.statvfs(self.folder).f_bfree

    def _used(self) -> int:
        disk = os.statvfs(self.folder)
        return (disk.f_blocks - disk.f_bfree) * disk.f_frsize

    def _resize(self, size: int) -> bool:
        return not _mount(self.folder, f"remount,size={max(size, PAGE_BYTES)}").returncode


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[SmallDisk]:
    """A disk in memory. Skips where we may not mount one."""
    folder.mkdir(parents=True, exist_ok=True)
    made = _mount(folder, f"size={megabytes}m")
    if made.returncode:
        pytest.skip(f"no small disk can be mounted, which needs root: {made.stderr.strip()}")
    try:
        yield SmallDisk(folder, megabytes)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def _mount(folder: Path, options: str) -> subprocess.CompletedProcess[str]:
    command = ["mount", "-t", "tmpfs", "-o", options, "tickwell-drill", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)
