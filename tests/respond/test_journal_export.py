"""The evidence bundle: complete, and every change to it shows."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner import __version__
from scanner.errors import OutputError
from scanner.respond.journal_export import canonical, save, verify_export
from tests.respond.journals import DEAD, LIVES, REVOKED, fingerprint, opened, planned

Bundle = dict[str, Any]


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    """As it is read back."""
    with opened(tmp_path) as journal:
        one, two = journal.plan("run 1", [planned(1), planned(2)._replace(place=None, grant=None)])
        journal.held(two.id, "a person must decide")
        journal.intent(one.id)
        journal.end(journal.begin("auth.test", fingerprint(1)), LIVES)
        journal.sent(one.id)
        journal.end(journal.begin("auth.revoke", fingerprint(1)), REVOKED)
        journal.answered(one.id, REVOKED)
        journal.proven(one.id, "auth.test says token_revoked", DEAD)
        journal.begin("auth.test", fingerprint(2))
        journal.notices.add(fingerprint(1), "revoked")
        made: Bundle = json.loads(canonical(journal.export()))
    return made


def test_what_is_in_it(bundle: Bundle) -> None:
    assert verify_export(bundle) == ()
    assert bundle["schema"] == "xoxscan.evidence/1" and bundle["tool"]["version"] == __version__
    assert bundle["made"] == "2026-01-02T03:04:05.000Z"
    parts = {name: part["data"] for name, part in bundle["parts"].items()}
    (run,) = parts["runs"]
    assert run["id"] == "run 1" and run["process"] == os.getpid() and run["version"] == __version__
    first, second = parts["entries"]
    assert [step["state"] for step in first["steps"]] == ["planned", "intent", "sent", "answered", "proven"]
    assert first["steps"][-1]["slack_date"] == DEAD.date and first["steps"][3]["revoked"] is True
    assert first["place"] == {
        "repository": "/srv/code",
        "object": "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
        "start": 10,
        "end": 67,
        "path": "conf/app.py",
    }
    assert first["fingerprint"] == fingerprint(1) and second["place"] is None and second["state"] == "held"
    assert [(each["method"], each["ok"], each["slack_date"]) for each in parts["requests"]] == [
        ("auth.test", True, LIVES.date),
        ("auth.revoke", True, REVOKED.date),
        ("auth.test", None, None),
    ]
    assert [each["what"] for each in parts["notices"]] == ["revoked"]


def _lose_part(bundle: Bundle) -> None:
    del bundle["parts"]["requests"]


def _lose_request(bundle: Bundle) -> None:
    del bundle["parts"]["requests"]["data"][0]


def _change_head(bundle: Bundle) -> None:
    bundle["made"] = "2020-01-01T00:00:00.000Z"


def _add(bundle: Bundle) -> None:
    bundle["more"] = 1


@pytest.mark.parametrize(
    ("change", "complaints"),
    [
        (_lose_part, ["the part requests is missing", "over all"]),
        (_lose_request, ["the sum of the part requests", "over all"]),
        (_change_head, ["over all"]),
        (_add, ["over all"]),
        (lambda bundle: bundle.pop("sha256"), ["over all"]),
        (lambda bundle: bundle.pop("parts"), ["no parts"]),
        (lambda bundle: bundle.pop("schema"), ["this is no xoxscan.evidence/1"]),
    ],
)
def test_what_was_changed_shows(bundle: Bundle, change: Callable[[Bundle], object], complaints: list[str]) -> None:
    change(bundle)
    found = verify_export(bundle)
    assert len(found) == len(complaints)
    assert all(complaint in text for complaint, text in zip(complaints, found, strict=True))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(JSON)
def test_anything_can_be_checked(document: object) -> None:
    assert verify_export(document)
    assert verify_export({"schema": "xoxscan.evidence/1", "parts": {"runs": document}})


def test_an_empty_one(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        assert verify_export(json.loads(canonical(journal.export()))) == ()


def test_saving(tmp_path: Path) -> None:
    file = tmp_path / "evidence.json"
    file.write_bytes(b"old")
    file.chmod(0o644)
    save(str(file), b"new")
    assert file.read_bytes() == b"new" and stat.S_IMODE(file.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["evidence.json"]


def test_what_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("elsewhere")
    for place in (tmp_path, tmp_path / "link", tmp_path / "none" / "file"):
        with pytest.raises(OutputError, match="cannot write"):
            save(str(place), b"new")
    assert os.listdir(tmp_path) == ["link"]
