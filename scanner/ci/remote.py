"""The remote that a checkout came from, and what its runner left to log in there.

Read from the checkout's configuration, which runs nothing, and handed over in the environment alone: not in argv, where
every process of the machine could see it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote

from scanner.errors import UsageError
from scanner.git.repository import Repository
from scanner.git.run import Git
from scanner.respond.remote import Address, parse

_HEADER = "extraheader"


class Remote(NamedTuple):
    """Its name here, its address (without user and password; None for one that is not asked), and what is to be set to
    talk to it: key and value."""

    name: str
    address: Address | None
    settings: tuple[tuple[str, str], ...] = ()


def remote_of(repository: Repository) -> Remote | None:
    """The remote of the checkout: origin, or the only one; None where there is none."""
    git = repository.git
    names = git.run("remote").decode("utf-8", "surrogateescape").split("\n")[:-1]
    name = "origin" if "origin" in names else names[0] if len(names) == 1 else None
    if name is None:
        return None
    url = git.attempt("config", "-z", "--get-all", f"remote.{name}.url")[1].decode("utf-8", "surrogateescape")
    try:
        address, login = _address(url.split("\0")[0], repository.top or repository.git_dir)
    except UsageError:
        return Remote(name, None)
    left = tuple(_left(git))
    return Remote(name, address, left if any(key.endswith(_HEADER) for key, _ in left) else (*left, *login))


def _address(url: str, base: str) -> tuple[Address, tuple[tuple[str, str], ...]]:
    """The address, and the header that says what user and password in it say. UsageError as `parse`; over http without
    TLS nothing is asked that the checkout itself was not fetched from."""
    scheme, _, rest = url.partition("://")
    if scheme not in ("http", "https"):
        return parse(url, base), ()
    login: tuple[tuple[str, str], ...] = ()
    who, at, _ = rest.partition("/")[0].rpartition("@")
    if ":" in who:
        rest = rest[len(who) + len(at) :]
        word = base64.b64encode(unquote(who).encode("utf-8", "surrogateescape")).decode()
        login = ((f"http.{_HEADER}", f"Authorization: Basic {word}"),)
    parse(f"https://{rest}", base)  # UsageError for what no address should hold
    return Address(f"{scheme}://{rest}", scheme), login


def _left(git: Git) -> Iterator[tuple[str, str]]:
    """What the repository's own configuration, with the files that it includes, says of headers and of whom to trust.

    actions/checkout leaves http.<url>.extraHeader, since version 6 in a file below RUNNER_TEMP; GitLab's runner leaves
    http.<url>.sslCAInfo where the forge's certificate is of a private authority. Neither runs anything."""
    pattern = rf"^http\.(.*\.)?({_HEADER}|sslcainfo)$"
    found = git.attempt("config", "--local", "--includes", "-z", "--get-regexp", pattern)[1]
    for entry in found.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        key, _, value = entry.partition("\n")
        yield key, value
