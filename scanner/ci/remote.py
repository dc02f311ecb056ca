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

_HEADER = "http.extraHeader"


class Remote(NamedTuple):
    """Its name here, its address (without user and password), and the headers to be sent there: key and value of
    git's http.<url>.extraHeader."""

    name: str
    address: Address
    headers: tuple[tuple[str, str], ...] = ()


def remote_of(repository: Repository) -> Remote | None:
    """The remote of the checkout: origin, or the only one. None where there is none, or no address that can be asked
    without running a program for it."""
    git = repository.git
    names = git.run("remote").decode("utf-8", "surrogateescape").split("\n")[:-1]
    name = "origin" if "origin" in names else names[0] if len(names) == 1 else None
    if name is None:
        return None
    url = git.attempt("config", "-z", "--get-all", f"remote.{name}.url")[1].decode("utf-8", "surrogateescape")
    try:
        address, login = _address(url.split("\0")[0], repository.top or repository.git_dir)
    except UsageError:
        return None
    return Remote(name, address, tuple(_headers(git)) or login)


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
        login = ((_HEADER, f"Authorization: Basic {word}"),)
    parse(f"https://{rest}", base)
    return Address(f"{scheme}://{rest}", scheme), login


def _headers(git: Git) -> Iterator[tuple[str, str]]:
    """http.extraHeader and http.<url>.extraHeader of the repository's own configuration, with the files that it
    includes: actions/checkout keeps its own below RUNNER_TEMP since version 6."""
    found = git.attempt("config", "--local", "--includes", "-z", "--get-regexp", r"^http\.(.*\.)?extraheader$")[1]
    for entry in found.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        key, _, value = entry.partition("\n")
        yield key, value
