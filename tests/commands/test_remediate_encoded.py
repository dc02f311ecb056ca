"""`xoxscan remediate` where tokens stand encoded, in pieces, or packed: really rewritten, by the commands it prints."""

from __future__ import annotations

import gzip
import json
import os
import stat
import subprocess
import sys
from base64 import b64encode, encodebytes
from pathlib import Path
from quopri import encodestring
from typing import Any
from urllib.parse import quote

import pytest

from scanner import fakes
from tests.commands.test_archives import zipped
from tests.commands.test_lfs import keep
from tests.conftest import Repo, Run, token

EXPRESSIONS = "/somewhere/outside/expressions.txt"


@pytest.fixture(autouse=True)
def wired(monkeypatch: pytest.MonkeyPatch) -> None:
    """git-filter-repo stands beside this Python."""
    monkeypatch.setenv("PATH", os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]]))


def line(seed: int) -> bytes:
    return b"SLACK_TOKEN=" + token(seed=seed) + b"\n"


def asked(run: Run, *words: str | Path, status: int = 1) -> dict[str, Any]:
    """The JSON answer, in which no token is, however encoded."""
    done = run("remediate", "-f", "json", *words)
    assert done.status == status, done
    for seed in range(1, 20):
        secret = token(seed=seed)
        for hidden in (secret[-16:], b64encode(secret)[8:-8], secret[-16:].hex().encode()):
            assert hidden not in done.out + done.err
    answer: dict[str, Any] = json.loads(done.out)
    return answer


def rewrite(answer: dict[str, Any]) -> dict[str, Any]:
    (step,) = [each for each in answer["steps"] if each["phase"] == "rewrite"]
    found: dict[str, Any] = step
    return found


def shell(commands: list[str], folder: Path) -> None:
    done = subprocess.run(["bash", "-ec", "\n".join(commands)], cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def follow(answer: dict[str, Any], repo: Repo, run: Run, folder: Path) -> None:
    """Does what the step says, to its last word; and what it leaves is clean."""
    bare = folder / "remote.git"
    shell([f"git clone -q --mirror {repo.path} {bare}"], folder)
    for command in rewrite(answer)["commands"]:
        told = command.replace("URL", str(bare)).replace(EXPRESSIONS, str(folder / "e"))
        if told.startswith("xoxscan "):
            assert run(*told.replace("fresh.git", str(folder / "fresh.git")).split()[1:]).status == 1
        else:
            shell([told], folder)
    assert not (folder / "e").exists()
    after = asked(run, "--verify-clean", folder / "fresh.git", "--remote", bare, status=0)
    assert after["clean"] and after["remote"]["standing"] == []


def spread(repo: Repo) -> dict[str, bytes]:
    """A token behind each encoding of texts, with other things before and behind it."""
    one, two, three = (token(seed=seed) for seed in (1, 2, 3))
    half = len(two) // 2
    several = b"".join(b"- " + b64encode(b"a: 1\n" + line(seed) + b"b: 2\n") + b"\n" for seed in (4, 5))
    files = {
        "basic.txt": b"Authorization: Basic " + b64encode(b"me:" + one + b"\nbeside") + b"\n",
        "joined.py": b'print("ordinary")\nx = ("' + two[:half] + b'"\r\n     "' + two[half:] + b'")\nprint("behind")\n',
        "pair.txt": b64encode(three + b"," + token(seed=6)) + b"\n",
        "list.yaml": several,
        "wrapped.pem": b"head\n" + encodebytes(b"x" * 50 + b"\n" + line(7) + b"y" * 50) + b"tail\n",
        "hex.txt": b"dump: " + line(8).hex().encode() + b"\n",
        "url.txt": b"q=" + quote(quote(line(9).decode().replace("-", "~"), safe="")).replace("~", "%2D").encode(),
        "page.html": b"<p>" + token(seed=10).replace(b"-", b"&#45;") + b"</p>\n",
        "mail.eml": encodestring(b"Dear all, " + b"a" * 40 + b" =\n" + line(11)),
        "text.json": b'{"a": "' + token(seed=12).replace(b"-", b"\\u002d") + b'"}\n',
        "chart.yaml": b"release: " + b64encode(gzip.compress(line(13) * 3, mtime=0)) + b"\nkind: x\n",
        "zip.yaml": b"data:\n  a: " + b64encode(zipped(conf=line(14))) + b"\n  b: 1\n",
    }
    repo.commit(files)
    repo.commit(dict.fromkeys(files, b"gone\n"), "see " + b64encode(b"a " + line(15)).decode())
    return files


def test_what_stands_encoded_in_texts_is_replaced(repo: Repo, run: Run, tmp_path: Path) -> None:
    files = spread(repo)
    pieces = token(seed=2)[: len(token(seed=2)) // 2]
    repo.commit({"ordinary.txt": pieces[:12] + b" and " + b64encode(token(seed=1)[:8]) + b"\n"})
    place = tmp_path / "e"
    assert len(asked(run, "--verify-clean")["standing"]) == 15
    made = asked(run, "--expressions", place)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert made["expressions"]["tokens"] == made["expressions"]["spellings"] == 15
    assert made["expressions"]["binary"] == [] and "--path" not in json.dumps(rewrite(made))
    place.unlink()
    follow(made, repo, run, tmp_path)
    fresh = Repo(tmp_path / "look")
    fresh.git("fetch", "-q", str(tmp_path / "remote.git"), "main")
    old = {name: fresh.git("show", f"FETCH_HEAD~2:{name}").encode() for name in files}
    assert fresh.git("show", "FETCH_HEAD:ordinary.txt").encode() == (repo.path / "ordinary.txt").read_bytes().strip()
    assert old["joined.py"] == b'print("ordinary")\nx = ("***REMOVED***")\nprint("behind")'
    assert old["basic.txt"].startswith(b"Authorization: Basic bWU6") and old["basic.txt"].endswith(b"CmJlc2lkZQ==")
    assert old["chart.yaml"] == b"release: ***REMOVED***\nkind: x"
    assert old["zip.yaml"] == b"data:\n  a: ***REMOVED***\n  b: 1"
    for name, content in old.items():
        assert b"***REMOVED***" in content, name


HOSTILE = [
    b"z.zip",
    b'it\'s a "name".zip',
    b"-x.zip",
    b"a\nb\x1b[31m.zip",
    b"\xff$(id)`id`.zip",
    "\u202ebidi ##[error].zip".encode(),
    b"sub dir/c\\d.zip",
]


def test_what_is_packed_goes_by_its_path(repo: Repo, run: Run, tmp_path: Path) -> None:
    packed = {os.fsdecode(name): zipped(conf=line(at)) for at, name in enumerate(HOSTILE, 1)}
    packed["dump.gz"] = gzip.compress(line(8))
    packed["wide.txt"] = line(9).decode().encode("utf-16")
    packed["tool.bin"] = b"\0\0 " + line(10)
    repo.commit({**packed, "x.zip": zipped(conf=b"nothing"), "other": b"ordinary\n"})
    place = tmp_path / "e"
    made = asked(run, "--expressions", place)
    assert made["expressions"] is None and not place.exists()
    assert "nothing in a blob or a message" in made["notes"][0] and "--strip-blobs-with-ids" in made["notes"][1]
    _, by_path, _ = rewrite(made)["commands"]
    assert by_path.startswith("git -C fresh.git filter-repo --invert-paths --path=") and by_path.isprintable()
    assert "Git LFS server" not in json.dumps(made) and "Expressions also replace" not in json.dumps(rewrite(made))
    assert run("remediate").out.count(by_path.encode()) == 1  # as text, it is the same command
    follow(made, repo, run, tmp_path)
    shell(["test \"$(git -C fresh.git ls-tree -r --name-only main | xargs)\" = 'other x.zip'"], tmp_path)


def test_both_at_once(repo: Repo, run: Run, tmp_path: Path) -> None:
    repo.commit({"a.env": line(1), "b.zip": zipped(conf=line(2)), "c.zip": zipped(conf=line(1))})
    place = tmp_path / "with space"
    shell([f"git clone -q --mirror {repo.path} {tmp_path / 'f.git'}"], tmp_path)
    made = asked(run, tmp_path / "f.git", "--expressions", place)
    assert (made["expressions"]["spellings"], made["expressions"]["tokens"]) == (1, 1)
    assert len(made["expressions"]["binary"]) == 2
    assert b"--strip-blobs-with-ids" in run("remediate", "--expressions", tmp_path / "e2").out
    shell(made["expressions"]["commands"], tmp_path)
    assert asked(run, "--verify-clean", tmp_path / "f.git", status=0)["clean"] and not place.exists()
    follow(asked(run), repo, run, tmp_path)


def test_what_git_lfs_keeps(repo: Repo, run: Run, tmp_path: Path) -> None:
    """A mirror clone has none of it: the report knows."""
    repo.commit({"big.bin": keep(repo, line(1)), "other": b"ordinary\n"})
    report = tmp_path / "report.json"
    assert run("history", "-f", "json", "-o", report).status == 1
    made = asked(run, report)
    assert any("Git LFS server" in line for line in rewrite(made)["text"])
    follow(made, repo, run, tmp_path)
    again = asked(run, report, tmp_path / "fresh.git", "--expressions", tmp_path / "e")
    assert "--path=big.bin" in rewrite(again)["commands"][1] and not (tmp_path / "e").exists()


def test_what_still_stands_names_a_way_that_reaches_it(repo: Repo, run: Run) -> None:
    repo.commit({"a.zip": zipped(conf=line(1)), "b.txt": b64encode(line(2)) + b"\n"})
    standing = asked(run, "--verify-clean")["standing"]
    ways = {
        each["finding"]["locations"][0]["path"]: [
            command for keeper in each["kept"] if keeper["what"] == "branches" for command in keeper["commands"]
        ]
        for each in standing
    }
    assert ways["a.zip"][0] == "git filter-repo --invert-paths --path=a.zip"
    assert ways["b.txt"][0] == "git filter-repo --replace-text FILE --replace-message FILE"


def test_what_no_rewriting_of_contents_reaches(repo: Repo, run: Run) -> None:
    """The name of a ref: no recipe that does nothing."""
    repo.commit({"a": b"a"})
    repo.git("branch", "x-" + token().decode())
    made = asked(run)
    assert rewrite(made)["commands"] == []
    assert any("the name of a ref holds it" in line for line in rewrite(made)["text"])


def test_each_file_is_named_once(repo: Repo, run: Run) -> None:
    repo.commit({"a.har": line(1) + token(seed=1).replace(b"-", b"%2D") + b"\n"})
    (redeploy,) = [step for step in asked(run)["steps"] if step["phase"] == "redeploy"]
    assert "Where the old ones stood: a.har. What" in redeploy["text"][1]


# What belongs together


def told(answer: dict[str, Any], title: str) -> list[str]:
    found: list[str] = next(step["tokens"] for step in answer["steps"] if title in step["title"])
    return found


def test_a_client_secret_is_told_with_the_id_of_its_app(repo: Repo, run: Run, tmp_path: Path) -> None:
    repo.commit({f"{at}.env": pair_of(at) for at in (1, 2)})
    report = tmp_path / "report.json"
    assert run("history", "-f", "json", "-o", report).status == 1
    lines = [f"****  {at}.env:2:21, with client-id {at}23456789.1234567890" for at in (1, 2)]
    assert sorted(told(asked(run, report), "client secret")) == lines
    out = run("remediate").out
    assert all(f"   - {line}\n".encode() in out for line in lines)


def pair_of(at: int) -> bytes:
    secret = fakes.render("{{client_secret}}", at)
    return f"SLACK_CLIENT_ID={at}23456789.1234567890\nSLACK_CLIENT_SECRET={secret}\n".encode()


def test_a_session_token_and_its_cookie_name_each_other(repo: Repo, run: Run) -> None:
    session, cookie = token("session-client", 1), token("session-cookie", 2)
    repo.commit({"a.txt": b"token=" + session + b"\nCookie: d=" + cookie + b"\n", "b.env": line(1)})
    made = asked(run)
    tokens = [each for step in made["steps"] if step["phase"] == "revoke" for each in step["tokens"]]
    (one,) = [each for each in tokens if each.startswith("xoxc-")]
    (other,) = [each for each in tokens if each.startswith("xoxd-")]
    assert one.endswith(", with session-cookie " + other.partition("  ")[0])
    assert other.endswith(", with session-client " + one.partition("  ")[0])
    assert not any(", with" in each for each in tokens if each.startswith("xoxb-"))


def test_blobs_tell_what_places_do_not(repo: Repo, run: Run, tmp_path: Path) -> None:
    """An archive in base64 is text; what has a zero is none."""
    repo.commit({"a.yaml": b"a: " + b64encode(zipped(conf=line(1))) + b"\n"})
    report = tmp_path / "report.json"
    assert run("history", "-f", "json", "-o", report).status == 1
    assert "--path=a.yaml" in json.dumps(rewrite(asked(run, report)))
    assert "--path" not in json.dumps(rewrite(asked(run)))
    repo.commit({"a.yaml": b"\0 " + line(1)})
    (command,) = [each for each in rewrite(asked(run))["commands"] if "filter-repo" in each]
    assert "--replace-text" in command and command.endswith("--invert-paths --path=a.yaml")
