"""Judges places: what stands in a file that a `paths` entry matches is allowed there, and nowhere else."""

from __future__ import annotations

from functools import lru_cache

from scanner.filters import gitignore
from scanner.filters.entries import Config, Entry
from scanner.filters.gitignore import Pattern
from scanner.model import Suppression


def judge(config: Config, path: bytes | None, today: str) -> Suppression | None:
    """What allows the places in the file at `path` (slashes, relative to the top). What expired is no entry."""
    if path is None or not config.paths:
        return None
    entries, patterns = _active(config.paths, today)
    index = gitignore.decide(patterns, path)
    return None if index is None else entries[index].suppression("path")


def matches(entry: Entry, path: bytes) -> bool:
    """Does the pattern of `entry` match `path` or a folder above it, whatever other entries say?"""
    return gitignore.touches(_pattern(entry.what), path)


@lru_cache(maxsize=8)
def _active(entries: tuple[Entry, ...], today: str) -> tuple[tuple[Entry, ...], tuple[Pattern, ...]]:
    active = tuple(entry for entry in entries if entry.active(today))
    return active, tuple(_pattern(entry.what) for entry in active)


@lru_cache(maxsize=1024)
def _pattern(text: str) -> Pattern:
    return gitignore.parse(text.encode())
