"""The environments that the benchmarks run programs in: no settings of the user's, and no network."""

from __future__ import annotations

import os
from pathlib import Path

DEAD = "http://127.0.0.1:9"  # the discard port: nothing listens, so a program that calls out fails at once
KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR")


def git_environ() -> dict[str, str]:
    """An environment in which git reads no configuration but the repository's own."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return kept | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "HOME": os.devnull}


def offline(home: Path) -> dict[str, str]:
    """`git_environ` with a home of its own for caches, and every proxy pointing to a dead loopback port."""
    proxies = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    return git_environ() | {"HOME": str(home), "NO_COLOR": "1"} | dict.fromkeys(proxies, DEAD)
