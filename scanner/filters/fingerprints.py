"""Judges secrets: a fingerprint, or a pattern over the token itself, allows it wherever it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner.errors import ConfigError
from scanner.filters.entries import Config, Entry, named
from scanner.model import Secret, Suppression

if TYPE_CHECKING:
    import regex

TIMEOUT = 1.0  # seconds for one pattern on one token


def judge(config: Config, fingerprint: str, secret: Secret, today: str) -> Suppression | None:
    """What allows this secret. ConfigError where a pattern runs out of time: what it allows is not known."""
    entry = named(config.fingerprints, fingerprint, today)
    if entry is not None:
        return entry.suppression("fingerprint")
    found = (entry for entry in config.patterns if entry.active(today) and matches(entry, secret))
    pattern = next(found, None)
    return pattern and pattern.suppression("pattern")


def matches(entry: Entry, secret: Secret) -> bool:
    """Is the pattern of `entry` found in the token, as issued?"""
    try:
        return compiled(entry.what).search(secret.reveal(), timeout=TIMEOUT) is not None
    except TimeoutError:
        message = f"{entry.origin}: the pattern takes more than {TIMEOUT:g} s on a token that was found"
        raise ConfigError(message, "make it simpler: no repeated group within a repeated group") from None


def compiled(pattern: str) -> regex.Pattern[bytes]:
    """The pattern, ready to search bytes. ValueError, with the reason, for one that is wrong or allows everything."""
    import regex  # here: it costs 25 ms, and only a repository with such entries needs it

    try:
        found = regex.compile(pattern.encode())
        if found.search(b"", timeout=TIMEOUT):
            raise ValueError("it matches the empty text, and so would allow every secret")
    except regex.error as error:
        raise ValueError(str(error)) from None
    return found
