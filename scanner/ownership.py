"""Who owns a file, and what others may do with it. Of Windows' files neither a user's number nor a mode says it: there
nothing is asked, and the folders of a user are closed to other users anyway.
"""

from __future__ import annotations

import os

KNOWN = hasattr(os, "geteuid")


def me() -> int | None:
    """The number of the user that we run as; None where users have none."""
    return os.geteuid() if KNOWN else None


def strange(status: os.stat_result, owner: int | None) -> bool:
    """Whether somebody else than `owner` owns it. Of nobody (None) nothing is."""
    return owner is not None and status.st_uid != owner


def allows(status: os.stat_result, bits: int) -> bool:
    """Whether its mode allows anything of `bits` (0o022: that others write); False where modes say nothing."""
    return KNOWN and bool(status.st_mode & bits)
