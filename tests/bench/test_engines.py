"""Odd copies of a small repository, and that both engines are truly compared."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import corpus, engines, odd
from scanner.model import Problem

SMALL = corpus.Shape(files=12, size=400, commits=40, changed=2, planted=2)
PAGE = "Above\n<!-- bench: engines -->\n<!-- end: engines -->\nbelow\n"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return corpus.history(tmp_path_factory.mktemp("odd") / "mine", SMALL)


def every(repo: Path) -> list[bytes]:
    return sorted(odd.git(repo, "cat-file", "--batch-all-objects", "--batch-check").splitlines())


@pytest.mark.parametrize(
    "kind", sorted(set(odd.KINDS) - {"sha256", "partial", "borrowing", "damaged", "fast-import", "thin"})
)
def test_an_odd_copy_holds_the_same_objects(source: Path, tmp_path: Path, kind: str) -> None:
    before = {path: path.stat().st_mtime_ns for path in source.rglob("*")}
    odd.KINDS[kind](source, tmp_path / "copy")
    assert every(tmp_path / "copy") == every(source)
    assert {path: path.stat().st_mtime_ns for path in source.rglob("*")} == before


def test_every_kind_is_what_it_says(source: Path, tmp_path: Path) -> None:
    made = {kind: tmp_path / kind for kind in ("sha256", "index-v1", "several", "loose", "cruft", "partial", "thin")}
    for kind, path in made.items():
        odd.KINDS[kind](source, path)
    packs = {kind: sorted((path / "objects/pack").iterdir()) for kind, path in made.items()}
    assert odd.git(made["sha256"], "rev-parse", "--show-object-format") == b"sha256\n"
    assert next(path for path in packs["index-v1"] if path.suffix == ".idx").read_bytes()[:4] != b"\xfftOc"
    assert len([path for path in packs["several"] if path.suffix == ".pack"]) == odd.HEAPS
    assert not [path for path in packs["loose"] if path.suffix == ".pack"]
    assert [path for path in packs["cruft"] if path.suffix == ".mtimes"]
    assert 0 < len([line for line in every(made["partial"]) if b" blob " in line]) <= odd.FETCHED
    assert len([path for path in packs["thin"] if path.suffix == ".pack"]) == 2


def test_the_engines_are_compared_and_the_rows_written(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XOXSCAN_BENCH_DIR", str(tmp_path / "home"))
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    assert engines.main([str(source), f"{source}=sha256", "--write", str(page)]) == 0
    assert engines.main([f"{source}=damaged", "--write", str(page)]) == 0
    rows = engines.kept(page.read_text(), "engines")
    assert [key[1] for key in rows] == [odd.SAYS[kind] for kind in ("", "sha256", "damaged")]
    assert {cells[-1] for cells in rows.values()} == {"yes"}
    assert [cells[-2] != "0" for cells in rows.values()] == [False, False, True]  # problems
    assert "3 repositories, 3 of them equal" in page.read_text()
    assert capsys.readouterr().out.count("yes\n") == 3
    assert list((tmp_path / "home").glob("odd-*")) == []


def test_what_the_engines_say_differently_is_named(source: Path) -> None:
    true = engines.told(source, "git", 1)
    assert engines.differences(true, true) == []
    mine = true._replace(
        looked=true.looked[1:],
        seen=true.seen._replace(found=true.seen.found[1:], problems=(Problem("a", "b", "c"),)),
        report={**true.report, "findings": []},
    )
    assert engines.differences(mine, true) == [
        f"looked at: 1 missing, 0 too many, {len(true.looked) - 1} in all",
        "what was found in which object",
        "problems",
        "findings of the report",
    ]


def test_a_difference_is_status_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def differ(named: list[str], folder: Path, jobs: int) -> Iterator[tuple[str, ...]]:
        yield (*named, "no: problems")

    monkeypatch.setattr(engines, "compared", differ)
    assert engines.main(["x"]) == 1


def test_a_repository_is_called_as_its_folder(tmp_path: Path) -> None:
    for folder in ("rails.git", "rails/.git", "rails+rails/repo"):
        (tmp_path / folder).mkdir(parents=True)
    assert engines.named_as(tmp_path / "rails.git") == "rails"
    assert engines.named_as(tmp_path / "rails" / ".git") == "rails"
    assert engines.named_as(tmp_path / "rails+rails/repo") == "rails/rails"
