"""What a remote shows of itself: besides scanner.ci the one place that talks to a forge, and only when it was asked to.

git is sealed as everywhere (scanner.git.run), with one protocol opened, the one of the address. It stands in an empty
folder and not in the scanned repository, so that nothing of that repository's configuration is read while it talks: no
core.sshCommand, no remote.*.uploadpack, no credential.helper, no url.*.insteadOf. What the operator's own configuration
says (ssh, credential helpers, proxies) counts.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from scanner.errors import GitError, UsageError
from scanner.git.repository import Repository
from scanner.git.run import Git, failure, sealed

TIMEOUT = 60.0  # seconds for all of the conversation
_PEELED = b"^{}"
_PLAIN = "give a remote whose address is https://…, ssh://…, user@host:path, or a folder"
_SCP = re.compile(r"(?:(?P<user>[^@/:]+)@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^@/:\[\]]+):(?P<path>[^:].*)", re.S)


class Address(NamedTuple):
    """Where to ask: the address, and the protocol that git is let use for it (https, ssh, file)."""

    url: str
    protocol: str


class Ref(NamedTuple):
    """A ref that a remote shows: the object that it names, and what that leads to where it is an annotated tag."""

    name: bytes
    oid: bytes
    peeled: bytes


def address_of(repository: Repository, named: str) -> Address:
    """The address of the remote `named`, or `named` itself if it is one. UsageError for what is neither, and for an
    address that git would run a program for, or send in the clear, or that holds a password."""
    key = f"remote.{named}.url"
    out = b"" if set(named) & set("\n\0") else repository.git.attempt("config", "-z", "--get-all", key)[1]
    url = os.fsdecode(out.split(b"\0")[0]) if out else named
    if not out and not set(named) & set("/:"):
        raise UsageError(f"there is no remote {named!r} here", "git remote -v lists them")
    return parse(url, repository.top or repository.git_dir)


def parse(url: str, base: str) -> Address:
    """What `url` is; a path counts from `base`. UsageError: see `address_of`. No message shows the address: it may
    hold a password."""
    if not url or url.startswith("-") or not url.isprintable() or re.match(r"[A-Za-z0-9+.-]*::", url):
        raise UsageError("the remote's address is none that is asked: git would run a program for it", _PLAIN)
    if "://" in url:
        return _with_scheme(url)
    scp = _SCP.fullmatch(url)
    if scp:
        if any((part or "").startswith("-") for part in scp.groups()):
            raise UsageError("the remote's address would be an option of ssh", _PLAIN)
        return Address(url, "ssh")
    return _folder(os.path.join(base, url))


def _with_scheme(url: str) -> Address:
    try:
        parts = urlsplit(url)
        host, password = parts.hostname or "", parts.password
    except ValueError:
        raise UsageError("the remote's address cannot be understood", _PLAIN) from None
    if parts.scheme == "file" and not host:
        return _folder(parts.path)
    if parts.scheme not in ("https", "ssh") or not host:
        raise UsageError(f"the remote's address begins with {parts.scheme}://, which is not asked", _PLAIN)
    if host.startswith("-") or (parts.username or "").startswith("-"):
        raise UsageError("the remote's address would be an option of ssh", _PLAIN)
    if password is not None:
        hint = "keep it in a credential helper: in the address every process of this machine can see it"
        raise UsageError("the remote's address holds a password", hint)
    return Address(url, parts.scheme)


def _folder(path: str) -> Address:
    if not os.path.isdir(path):
        raise UsageError("the remote's address is a folder that is not here", _PLAIN)
    return Address(os.path.abspath(path), "file")


def ls_remote(address: Address, environ: Mapping[str, str], timeout: float = TIMEOUT) -> list[Ref]:
    """The refs that the remote shows; HEAD only where no other names the same object. GitError where it does not
    answer, or not in time (`timeout` seconds)."""
    with tempfile.TemporaryDirectory(prefix="xoxscan-") as folder:
        out = _ask(_opened(folder, environ, address.protocol), address.url, timeout)
    oids = {name: oid for oid, _, name in (line.partition(b"\t") for line in out.split(b"\n")) if name}
    refs = [Ref(name, oid, oids.get(name + _PEELED, oid)) for name, oid in oids.items() if not name.endswith(_PEELED)]
    known = {ref.oid for ref in refs if ref.name != b"HEAD"}
    return [ref for ref in refs if ref.name != b"HEAD" or ref.oid not in known]


def _opened(folder: str, environ: Mapping[str, str], protocol: str) -> Git:
    """A sealed git that may speak one protocol, in a folder where it finds no repository."""
    git = sealed(folder, environ, own=False)
    nowhere = {"GIT_DIR": os.path.join(folder, "none"), "GIT_CEILING_DIRECTORIES": folder}
    kept = {name: value for name, value in git.environ.items() if name != "GIT_CURL_VERBOSE"}
    return git._replace(environ={**kept, **nowhere, "GIT_ALLOW_PROTOCOL": protocol})


def _ask(git: Git, url: str, timeout: float) -> bytes:
    # --upload-pack by its own name: a remote of the operator's configuration with this address may say another one.
    words = ("ls-remote", "--quiet", "--upload-pack=git-upload-pack", "--", url)
    with git.running(*words, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            raise GitError(
                f"the remote did not answer within {timeout:g} s", "try again, or look at it by hand"
            ) from None
    if process.returncode:
        error = failure(words[:1], process.returncode, err)
        raise GitError(f"the remote does not answer: {error}", "git ls-remote shows more; nothing was concluded")
    return out
