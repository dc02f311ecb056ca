from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from scanner.errors import ConfigError
from scanner.filters import baseline
from scanner.filters.baseline import Baseline, Known
from scanner.filters.entries import Entry
from scanner.model import Suppression

ONE, TWO = "v1:bot:" + "a" * 52, "v1:config-access:" + "b2" * 26
TODAY = "2030-01-31"


class Memory:
    """A Snapshot of a few files."""

    label = "HEAD"

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = {name.encode(): content for name, content in files.items()}

    def read(self, path: bytes) -> bytes | None:
        return self.files.get(path)

    def names(self, folder: bytes) -> list[bytes]:
        prefix = folder + b"/" if folder else b""
        names = (path.removeprefix(prefix) for path in self.files if path.startswith(prefix))
        return [name for name in names if b"/" not in name]


def known(fingerprint: str = ONE, verdict: str = "known", until: str | None = None, reason: str = "why") -> Known:
    return Known(Entry(fingerprint, reason, "me", until), "rule-a", "xo****", verdict)


def stored(*entries: Known, folder: str = ".xoxscan-baseline/") -> Baseline:
    files = {folder + baseline.filename(entry.entry.what): baseline.render(entry) for entry in entries}
    return baseline.read(Memory(files), folder.rstrip("/").encode())


def test_what_is_written_is_read_again() -> None:
    found = stored(known(), known(TWO, "real", TODAY)).known
    assert list(found) == [ONE, TWO]
    label = f"HEAD:.xoxscan-baseline/{baseline.filename(TWO)}:1"
    assert found[TWO] == known(TWO, "real", TODAY)._replace(entry=Entry(TWO, "why", "me", TODAY, label))


def test_a_baseline_may_stand_in_a_folder_of_its_own() -> None:
    assert list(stored(known(), folder="").known) == [ONE]


def test_no_folder_is_an_empty_baseline() -> None:
    assert baseline.read(Memory({".xoxscan.yaml": b""})) == baseline.EMPTY


def test_other_files_in_the_folder_are_nothing() -> None:
    assert (
        baseline.read(Memory({".xoxscan-baseline/README.md": b"?", ".xoxscan-baseline/.x.tmp": b"?"})) == baseline.EMPTY
    )


def test_it_allows_the_secret() -> None:
    found = stored(known(until=TODAY))
    assert baseline.judge(found, ONE, TODAY) == Suppression("baseline", "why", "me", TODAY)
    assert baseline.judge(found, TWO, TODAY) is None


@pytest.mark.parametrize("entry", [known(until="2030-01-30"), known(verdict="real")])
def test_what_expired_or_is_real_allows_nothing(entry: Known) -> None:
    assert baseline.judge(stored(entry), ONE, TODAY) is None


def test_decided_is_what_somebody_looked_at() -> None:
    assert not known().decided(TODAY)
    assert known(verdict="real").decided(TODAY)
    assert known(verdict="false-alarm", until=TODAY).decided(TODAY)
    assert not known(verdict="false-alarm", until="2030-01-30").decided(TODAY)


@pytest.mark.parametrize(
    "fingerprint", ["", "v1:bot:", "../" + ONE, ONE + "/x", ONE.upper(), "v2" + ONE[2:], ONE + "\n"]
)
def test_only_a_fingerprint_makes_a_file_name(fingerprint: str) -> None:
    with pytest.raises(ConfigError, match="is no fingerprint"):
        baseline.filename(fingerprint)


GOOD = f"fingerprint: {ONE}\nrule: rule-a\nreason: why\nowner: me\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", ":1: fingerprint is required"),
        (GOOD + "ruel: x\n", ":5: unknown key 'ruel'"),
        (GOOD + "rule: x\n", ":5: rule stands twice"),
        (GOOD + "- a list\n", ":5: not of the form"),
        (GOOD + " until: 2030-01-31\n", ":5: not of the form"),
        (GOOD + "until: 2030-02-30\n", ":5: until is not a date"),
        (GOOD + "until: 20300131\n", ":5: until is not a date"),
        (GOOD + "until:\n", ":5: until must stand in double quotes"),
        (GOOD + "verdict: false\n", ":5: unknown verdict"),
        (GOOD + "redacted: xo**** # not this\n", ":5: redacted must stand in double quotes"),
        (GOOD + "redacted: 'single'\n", ":5: redacted must stand in double quotes"),
        (GOOD + 'redacted: "a\\nb"\n', ":5: redacted must stand in double quotes"),
        (GOOD + "redacted: >\n", ":5: redacted must stand in double quotes"),
        (GOOD + "redacted: a\x1b[31m\n", ":5: redacted holds a control character"),
        (GOOD.replace("why", '" "'), ":3: reason is required"),
        (GOOD.replace("owner: me\n", ""), ":1: owner is required"),
        (GOOD.replace(ONE, "v1:bot:short"), ":1: this is no fingerprint"),
        (GOOD.replace(ONE, TWO), ":1: the file is not named after its fingerprint"),
        ("\n\n" + GOOD + "# \udcff\n", ":7: the file is not UTF-8"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(content: str, message: str) -> None:
    path = ".xoxscan-baseline/" + baseline.filename(ONE)
    with pytest.raises(ConfigError, match=re.escape(f"HEAD:{path}{message}")):
        baseline.read(Memory({path: content.encode("utf-8", "surrogateescape")}))


def test_comments_blank_lines_and_other_line_ends_are_fine() -> None:
    content = "# who knows\r\n\r\n" + GOOD.replace("\n", "\r\n")
    assert baseline.parse(content.encode(), "x").entry == Entry(ONE, "why", "me", None, "x:1")


text = st.text(min_size=1, max_size=30).filter(str.strip)


@given(reason=text)
@example(reason='a "b" \\ c: d # e')
@example(reason="yes")
def test_what_is_written_is_yaml(reason: str) -> None:
    content = baseline.render(known(reason=reason))
    read = baseline.parse(content, "x").entry.reason if _printable(reason).strip() else _printable(reason)
    assert read == _printable(reason) == yaml.safe_load(content)["reason"]


def _printable(reason: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in reason)


@given(value=st.text(st.sampled_from("ab: #\"'\\,-?[]{}&*!|>%@`éx0~=<.\t"), min_size=1, max_size=8))
@example(value="a: b")
@example(value="a:")
def test_what_is_read_is_what_yaml_reads(value: str) -> None:
    content = GOOD.replace("why", value).encode()
    try:
        read = baseline.parse(content, "x").entry.reason
    except ConfigError:
        return
    assert read == yaml.load(content, yaml.BaseLoader)["reason"]


def test_a_file_that_vanishes_meanwhile_is_nothing() -> None:
    class Vanishing(Memory):
        def read(self, path: bytes) -> bytes | None:
            return None

    assert baseline.read(Vanishing({".xoxscan-baseline/v1.x.yaml": b""})) == baseline.EMPTY
