"""The texts of our hooks, to the byte: one that an installed version wrote is known again by nothing else."""

from __future__ import annotations

import shutil
import subprocess
from hashlib import sha256

import pytest

from scanner.hooks.scripts import EVENTS, OTHERS, SERVER, local, shared, unchanged

WORDS = (["/usr/bin/xoxscan"], ["/opt/py thon", "-I", "/opt/bin/xoxscan"], ["/opt/python", "-m", "scanner"])
LOOKED_AT = (*EVENTS, *SERVER)
# Of all texts. Where one has to change, hooks.earlier must learn how it was.
DIGEST = "116a81034349084a51afe7bc46ac10fed279a53b52c609bc91cfeac07d4b19e7"


def texts() -> list[bytes]:
    own = [local(event, words) for event in LOOKED_AT for words in WORDS]
    return [*own, *(shared(event, words) for event in (*EVENTS, *OTHERS) for words in WORDS)]


def test_every_text_is_as_it_was() -> None:
    assert sha256(b"\0".join(texts())).hexdigest() == DIGEST


@pytest.mark.parametrize("event", EVENTS)
def test_each_is_known_again(event: str) -> None:
    for words in WORDS:
        for text in (local(event, words), shared(event, words)):
            assert unchanged(event, text) and not unchanged(event, text + b"true\n")


def test_a_hook_that_reads_gives_the_same_lines_to_each() -> None:
    assert local("pre-push", WORDS[0]).decode().splitlines()[-4:] == [
        '[ -x "$own" ] || { check pre-push "$@"; exit $?; }',
        "input=$(cat && echo .)",
        'printf %s "${input%.}" | check pre-push "$@" || exit $?',
        'printf %s "${input%.}" | "$own" "$@"',
    ]


def test_a_hook_that_reads_nothing_becomes_the_one_that_is_kept() -> None:
    assert local("commit-msg", WORDS[0]).decode().splitlines()[-3:] == [
        'check hook --commit-msg-file "$@" || exit $?',
        '[ -x "$own" ] || exit 0',
        'exec "$own" "$@"',
    ]


def test_each_is_what_a_shell_can_read() -> None:
    shell = shutil.which("sh") or "/bin/sh"
    whole = b"\n".join(b"f%d() {\n%b}" % (number, text) for number, text in enumerate(texts()))
    assert subprocess.run([shell, "-n"], input=whole, capture_output=True, check=True).stderr == b""
