"""Lines that look like source code: words made of syllables, in the shapes that lines of code, prose and data have."""

from __future__ import annotations

import random
from collections.abc import Iterator

from scanner.fakes import render

TEXT = "albo condel enerfa fige ha inis kali loma memona neno orpa prequ raresi sest tateti tounve"
SYLLABLES = [word[at : at + 2] for word in TEXT.split() for at in range(0, len(word), 2)]
SHAPES = (
    "{i}def {a}_{b}(self, {c}, {d}=None):",
    "{i}{a} = {b}.{c}({d}, {n})",
    "{i}if {a}.{b} != {n} and not {c}:",
    "{i}return {a}[{n}].{b}({c})",
    "{i}for ({a} = 0; {a} < {b}_{c}; {a}++) {{",
    "{i}// {a} {b} {c} the {d} of {b}, see {c} {n}",
    "{i}# {a} the {b} when {c} is {d}",
    "{i}}}",
    "",
    '{i}"{a}": {{"{b}": {n}, "{c}": "{d}"}},',
    "{i}expect({a}.{b}).toEqual('{c} {d}');",
    "import {{ {a}, {b} }} from './{c}/{d}';",
    '{i}raise {a}Error, "{b} {c} %s" % {d}',
    '<a href="https://{a}.example/{b}/{c}?{d}={n}">{b} {c}</a>',
    "{i}'{a}': '{x}{x}',",
)
TALK = "{i}{a}_channel = '#slack-{b}'  # {c} {d}"  # words near the anchors without a token, in about every 200th file
LEAKS = ("{{bot_token}}", "{{user_token}}", "{{app_token}}", "{{incoming_webhook}}", "{{session_token}}")


class Prose:
    """Makes text; all choices come from `rng`."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.words = ["".join(rng.choices(SYLLABLES, k=rng.randint(1, 4))) for _ in range(4000)]
        self.leaked = 0

    def word(self) -> str:
        """A word; the first of the list come much more often, as in any language."""
        return self.words[int(len(self.words) * self.rng.random() ** 3)]

    def line(self) -> bytes:
        """One line with its end."""
        random_ = self.rng.random
        shape = TALK if random_() < 0.00002 else SHAPES[int(len(SHAPES) * random_())]
        word = self.word
        values = {"i": "    " * int(4 * random_()), "n": int(1000 * random_()), "x": f"{int(2**64 * random_()):016x}"}
        return (shape.format(a=word(), b=word(), c=word(), d=word(), **values) + "\n").encode()

    def lines(self, size: int) -> Iterator[bytes]:
        """Lines of `size` bytes together or a little more; at least one."""
        while True:
            line = self.line()
            yield line
            size -= len(line)
            if size <= 0:
                return

    def sentence(self) -> bytes:
        """A commit message."""
        return f"{self.word()} {self.word()} the {self.word()}\n\n{self.word()} {self.word()}\n".encode()

    def leak(self) -> bytes:
        """A line with a fake token of the next kind."""
        self.leaked += 1
        token = render(LEAKS[self.leaked % len(LEAKS)], self.rng.randrange(2**32))
        return f'    {self.word()} = "{token}"\n'.encode()
