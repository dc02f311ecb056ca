"""A journal that does what its standard input says, a call a line: see tests.respond.journals.Other."""

from __future__ import annotations

import json
import sys

from scanner.respond.journal import Journal, JournalError
from tests.respond.journals import CLOCK, DEAD, LIVES, REVOKED, planned

_ANSWERS = {"LIVES": LIVES, "REVOKED": REVOKED, "DEAD": DEAD}


def _say(content: object) -> None:
    print(json.dumps(content), flush=True)


def _call(journal: Journal, name: str, *arguments: object) -> object:
    try:
        if name == "plan":
            return [entry.id for entry in journal.plan("other", [planned(int(str(each))) for each in arguments])]
        given = [_ANSWERS.get(each, each) if isinstance(each, str) else each for each in arguments]
        done = getattr(journal, name)(*given)
        return [entry.id for entry in done] if name == "unfinished" else done
    except JournalError as error:
        return [type(error).__name__, str(error), error.hint]


def main() -> None:
    try:
        journal = Journal(sys.argv[1], lambda: CLOCK)
    except JournalError as error:
        _say([type(error).__name__, str(error), error.hint])
        return
    _say("open")
    for line in sys.stdin:
        _say(_call(journal, *json.loads(line)))


if __name__ == "__main__":
    main()
