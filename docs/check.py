"""Documents cannot drift: compares them with the program. `python docs/check.py`; with `--write`, makes blocks anew.

A block stands between `<!-- NAME: made by make docs -->` and `<!-- end -->`; BLOCKS says what makes it, and CHECKS
what else must hold. Each complaint is one line; the status is 1 when there is any.
"""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

import scanner
from scanner import errors, rules
from scanner.decode import views

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"(<!-- (?P<name>[a-z -]+): made by make docs -->\n)(?P<body>.*?)(?=<!-- end -->)", re.S)

# The start of what peers' scanners would call a token: prefix, ids and the first bytes of a secret.
TOKEN_SHAPED = re.compile(
    rb"xox[a-z]-(?:2-)?[0-9]{8,}-[0-9A-Za-z-]{16,}|xoxe(?:\.xox[a-z])?-1-[0-9A-Za-z+/]{100,}"
    rb"|xoxd-[0-9A-Za-z%+/]{64,}|xapp-[0-9]-[A-Z0-9]{8,}-[0-9]{8,}|xwfp-[0-9]{8,}-[0-9A-Za-z-]{16,}"
    rb"|hooks\.slack(?:-gov)?\.com(?:/services|/workflows)?(?:/[A-Z0-9]{8,}){2,3}/[0-9A-Za-z]{20,}"
    rb"|hooks\.slack(?:-gov)?\.com/triggers/[TE][A-Z0-9]{8,}/[0-9]{10,}/[0-9a-f]{32}"
)
MACHINE_PATH = re.compile(rb"(?<![\w.])/(?:root|home/[a-z]\w*|Users/[A-Za-z]\w*|work)/\w")


def xoxscan(*argv: str) -> str:
    """What the program prints, whatever its status."""
    env = {"PATH": os.environ["PATH"], "HOME": os.devnull, "LANG": "C.UTF-8"}
    command = [sys.executable, "-m", "scanner", *argv]
    done = subprocess.run(command, check=False, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, capture_output=True)
    return done.stdout.decode() + done.stderr.decode()


def fenced(command: str, text: str) -> str:
    """A command and what it prints, as a code block."""
    return f"```console\n$ {command}\n{text.rstrip()}\n```\n"


def demo(_: str) -> str:
    """The text of a whole `make demo`."""
    return fenced("make demo", xoxscan("demo"))


def usage(command: str) -> str:
    """The help of a command; of the program for ""."""
    words = command.split()
    return fenced(" ".join(["xoxscan", *words, "--help"]), xoxscan(*words, "--help"))


def hooks(_: str) -> str:
    """A row for each hook of .pre-commit-hooks.yaml."""
    entries = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_bytes())
    rows = [f"| `{hook['id']}` | {', '.join(hook['stages'])} | {hook['description']} |" for hook in entries]
    return "\n".join(["| hook | stages | what it does |", "|---|---|---|", *rows]) + "\n"


def rule_table(_: str) -> str:
    """A row for each built-in rule."""
    rows = [f"| {rule.id} | {rule.kind} | {rule.name} |" for rule in rules.builtin()]
    return "\n".join(["| rule | kind | what |", "|---|---|---|", *rows]) + "\n"


BLOCKS: dict[str, Callable[[str], str]] = {"demo": demo, "help": usage, "hooks": hooks, "rules": rule_table}


@functools.cache
def made(name: str) -> str:
    """The text of a block; its name is a key of BLOCKS and, if need be, an argument."""
    word, _, argument = name.partition(" ")
    return BLOCKS[word](argument)


def masked(text: str) -> str:
    """Without what differs between two runs (times, object ids) or two Pythons (how argparse wraps and repeats)."""
    text = re.sub(r"\b[0-9a-f]{7,64}\b", "ID", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "TIME", text)
    text = re.sub(r"\b\d+(?:\.\d+)? (?:ms|s)\b", "TIME", text)
    text = re.sub(r"(-\w) (\S+), (--[\w-]+ \2)", r"\1, \3", text)
    return " ".join(text.split())


def tracked(suffix: str = "") -> list[Path]:
    """The files that git tracks and that are here."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    paths = [ROOT / os.fsdecode(name) for name in listed.split(b"\0") if name]
    return [path for path in paths if path.name.endswith(suffix) and path.is_file()]


def pages() -> Iterator[tuple[Path, str]]:
    """Every tracked Markdown file with its text."""
    for path in tracked(".md"):
        yield path, path.read_text(encoding="utf-8")


def blocks_are_current() -> Iterator[str]:
    """Each block says what its maker says now."""
    for path, text in pages():
        for block in BLOCK.finditer(text):
            if masked(block["body"]) != masked(made(block["name"])):
                yield f"{path.relative_to(ROOT)}: «{block['name']}» is out of date; run `make docs`"


def links_resolve() -> Iterator[str]:
    """Links inside the project lead to a file, and to a heading of it."""
    for path, text in pages():
        for target in re.findall(r"\]\((?!https?:|mailto:)([^)\s]+)\)", text):
            name, _, anchor = target.partition("#")
            other = (path.parent / name).resolve() if name else path
            if not other.exists():
                yield f"{path.relative_to(ROOT)}: no such file: {target}"
            elif anchor and anchor not in anchors(other.read_text(encoding="utf-8")):
                yield f"{path.relative_to(ROOT)}: no such heading: {target}"


def named_files_exist() -> Iterator[str]:
    """A file of the project that a page names in code quotes is there."""
    for path, text in pages():
        for name in re.findall(r"`((?:bench|docs|fixtures|rules|scanner|tests)/[\w./-]*)`", text):
            if not (ROOT / name).exists():
                yield f"{path.relative_to(ROOT)}: no such file: {name}"


def named_tests_exist() -> Iterator[str]:
    """A test that a page names behind its file, without `test_`, is there: nothing else tells when it was renamed."""
    for path, text in pages():
        for name, test in re.findall(r"`(tests/[\w./-]+\.py)` (\w+)(?=<br>| \|)", text):
            file = ROOT / name
            if file.exists() and not re.search(rf"^ *def test_{test}\(", file.read_text(encoding="utf-8"), re.M):
                yield f"{path.relative_to(ROOT)}: no such test in {name}: test_{test}"


def anchors(text: str) -> set[str]:
    """The names that a forge gives to the headings of a page."""
    headings = re.findall(r"^#+ +(.*)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def commands_are_described() -> Iterator[str]:
    """docs/usage.md holds the help of the program and of each of its commands."""
    held = {
        block["name"].removeprefix("help").strip() for block in BLOCK.finditer((ROOT / "docs/usage.md").read_text())
    }
    listed = re.findall(r"^  ([a-z-]+)  +\S", xoxscan("--help").partition("commands:\n")[2], re.M)
    for command in listed:
        if command not in held:
            yield f"docs/usage.md: no help of `{command}`"
    if not listed:
        yield "xoxscan --help: lists no commands"


def statuses_are_described() -> Iterator[str]:
    """docs/exit-status.md has one row for each status, and names each class of error with its own."""
    text = (ROOT / "docs/exit-status.md").read_text(encoding="utf-8")
    known = {errors.OK, errors.FINDINGS, errors.USAGE, errors.INCOMPLETE, errors.RESPONSE, errors.INTERRUPTED}
    rows = {int(number) for number in re.findall(r"^\| *`?(\d+)`? *\|", text, re.M)}
    if rows != known:
        yield f"docs/exit-status.md: its rows are {sorted(rows)}, scanner/errors.py has {sorted(known)}"


def changelog_has_this_version() -> Iterator[str]:
    """The program's version is the newest in CHANGELOG.md, but for what is unreleased."""
    versions = re.findall(r"^## \[([^\]]+)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    if scanner.__version__ not in versions[:2]:
        yield f"CHANGELOG.md: its newest versions are {versions[:2]}, the program's is {scanner.__version__}"


def files_hold_no_secret() -> Iterator[str]:
    """No token by a plain pattern, wider than our rules; and no place on one machine."""
    for path in tracked():
        data = path.read_bytes()
        for what, pattern in (("token-shaped", TOKEN_SHAPED), ("a path of one machine", MACHINE_PATH)):
            if found := pattern.search(data):
                line = data.count(b"\n", 0, found.start()) + 1
                yield f"{path.relative_to(ROOT)}:{line}: {what}"


def program_finds_nothing() -> Iterator[str]:
    """The repository passes its own scan."""
    said = xoxscan("scan", "--quiet").strip()
    if said:
        yield f"xoxscan scan:\n{said}"


def literals(many: bool) -> str:
    """The module with what betrays the views (scanner.decode.views)."""
    head = '"""What betrays a view: made from the views by docs/check.py; not to be changed by hand."""'
    lines = [head, ""]
    for name, packed in views.pack(many=many).items():
        lines += [f"{name} = (", *(f'    "{packed[at : at + 100]}"' for at in range(0, len(packed), 100)), ")"]
    return "\n".join([*lines, ""])


DECODE = ROOT / "scanner/decode"
MODULES = {"literals.py": False, "literals_many.py": True}


def literals_are_current() -> Iterator[str]:
    """What betrays a view stands in modules of its own, so that no view has to be loaded for it."""
    for name, many in MODULES.items():
        if (DECODE / name).read_text() != literals(many):
            yield f"scanner/decode/{name}: not what the views say"


CHECKS: tuple[Callable[[], Iterator[str]], ...] = (
    blocks_are_current,
    links_resolve,
    named_files_exist,
    named_tests_exist,
    commands_are_described,
    statuses_are_described,
    changelog_has_this_version,
    files_hold_no_secret,
    program_finds_nothing,
    literals_are_current,
)


def write() -> None:
    """Makes every block anew where it differs in more than times and ids, and the literals of views."""
    for name, many in MODULES.items():
        (DECODE / name).write_text(literals(many))
    for path, text in pages():
        new = BLOCK.sub(fresh, text)
        if new != text:
            path.write_text(new, encoding="utf-8")


def fresh(block: re.Match[str]) -> str:
    """A block made anew; as it was, where only times and ids differ."""
    body = made(block["name"])
    return block[1] + (block["body"] if masked(body) == masked(block["body"]) else body)


def main() -> int:
    """Writes with `--write`; then complains about whatever still differs."""
    if sys.argv[1:] == ["--write"]:
        write()
    complaints = [complaint for check in CHECKS for complaint in check()]
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
