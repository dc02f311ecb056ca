"""Where a token stands, for the journal, and the token again from there: the journal keeps a place, never a token."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from scanner.detect import Detector
from scanner.git.objects import Cat
from scanner.git.repository import Repository, find
from scanner.model import Finding, Location, Match, Secret
from scanner.pipeline import fingerprint
from scanner.respond.journal import Place

_LARGEST = 32 << 20  # bytes of an object that is read again


def place(finding: Finding, repository: Repository, detector: Detector) -> Place | None:
    """The first place of `finding` in an object from which `detector` reads the same token again; None if there is
    none: then `journal resume` has to be given the token."""
    folder = os.path.realpath(repository.top or repository.git_dir)
    with Cat(repository.git) as cat:
        for oid, path in _objects(finding.locations):
            for _, header, data in cat.contents([oid.encode()]):
                found = _matches(data or b"", detector, finding.fingerprint) if header.size <= _LARGEST else []
                for match in (match for match in found if match.secret == finding.secret):
                    return Place(folder, oid, match.start, match.end, path)
    return None


def _objects(locations: Iterable[Location]) -> Iterator[tuple[str, bytes | None]]:
    for location in locations:
        if location.blob:
            yield location.blob, location.path
        elif location.commit and location.source == "commit-message":
            yield location.commit, None


def secret(where: Place, detector: Detector, wanted: str, environ: dict[str, str]) -> Secret | None:
    """The token with the fingerprint `wanted`, read at `where`; None where it does not stand there any more. GitError
    where the repository cannot be read."""
    if where.object is None:
        return None
    repository = find(where.repository, environ, own=False)
    with Cat(repository.git) as cat:
        for _, header, data in cat.contents([where.object.encode()]):
            if data and header.size <= _LARGEST:
                found = _matches(data, detector, wanted)
                # Others with the same fingerprint may stand beside it: only the one at this very place was meant.
                return next((each.secret for each in found if (each.start, each.end) == (where.start, where.end)), None)
    return None


def _matches(data: bytes, detector: Detector, wanted: str) -> list[Match]:
    return [match for match in detector.scan(data).matches if fingerprint(match) == wanted]
