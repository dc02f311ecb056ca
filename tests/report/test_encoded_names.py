"""Names that hold an encoded token which the run itself did not find: no format prints it, nor does stderr."""

from __future__ import annotations

import io
import zipfile
from base64 import b64encode
from pathlib import Path

import pytest

from scanner.report import FORMATS
from tests.conftest import Repo, Run, token

HIDDEN = token("bot", seed=91)
WRITTEN = (b64encode(HIDDEN).decode(), HIDDEN.hex(), HIDDEN.decode().replace("-", "\u2013"))


def absent(said: bytes) -> bool:
    return not any(text[-24:-4].encode() in said.replace(b"\\", b"") for text in WRITTEN)


@pytest.mark.parametrize("name", FORMATS)
def test_branches(run: Run, repo: Repo, name: str) -> None:
    repo.commit({"a": b"nothing"})
    repo.commit({"a": token()})
    for text in WRITTEN:
        repo.git("branch", "b-" + text.replace("/", "_"))
    done = run("-C", repo.path, "range", "HEAD~1..HEAD", "-f", name, "-v")
    assert done.status == 1 and absent(done.out) and absent(done.err)


@pytest.mark.no_cover
@pytest.mark.parametrize("name", FORMATS)
def test_members(run: Run, tmp_path: Path, name: str) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for text in WRITTEN:
            archive.writestr(text + ".txt", token())
    (tmp_path / "a.zip").write_bytes(packed.getvalue())
    done = run("scan", tmp_path, "-f", name, "-v")
    assert done.status == 1 and absent(done.out) and absent(done.err)


@pytest.mark.parametrize("text", WRITTEN)
def test_arguments(run: Run, text: str) -> None:
    for words in (
        ("scan", f"nope-{text}"),
        ("scan", f"--nope-{text}"),
        (f"nope-{text}",),
        ("-C", f"nope-{text}", "history"),
    ):
        done = run(*words)
        assert done.status in (2, 3) and absent(done.out) and absent(done.err)
