"""The values of a configuration file, and what may be wrong with them. A complaint names file, line and key."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from scanner.errors import ConfigError
from scanner.filters.entries import nearest
from scanner.yamltree import Value

T = TypeVar("T")
_KINDS = {str: "text", bool: "true or false", list: "a list", dict: "a mapping"}


class Field(NamedTuple):
    """A value of the file, with its name and the name of the file, for complaints."""

    name: str
    value: Value
    label: str

    def wrong(self, message: str, hint: str = "") -> ConfigError:
        """The error that says what is wrong with it; to be raised."""
        return ConfigError(f"{self.label}:{self.value.line}: {self.name} {message}", hint)

    def of(self, kind: type[T]) -> T:
        """The value, which must be of this kind (a number is no truth value)."""
        content = self.value.content
        if type(content) is not kind:
            hint = "put it in quotes" if kind is str and not isinstance(content, list | dict | None) else ""
            raise self.wrong(f"must be {_KINDS[kind]}", hint)
        return content

    def items(self) -> list[Field]:
        """The entries of a list."""
        return [Field(f"an entry of {self.name}", item, self.label) for item in self.of(list)]

    def mapping(self, known: Sequence[str], required: Sequence[str] = ()) -> dict[str, Field]:
        """The values of a mapping by their names, which must be `known`; all `required` must be there."""
        fields = {name: Field(name, value, self.label) for name, value in self.of(dict).items()}
        for name, field in fields.items():
            if name not in known:
                raise Field(f"{name!a}", field.value, self.label).wrong(
                    "is no key that is known here", nearest(name, known)
                )
        for name in required:
            if name not in fields:
                raise self.wrong(f"needs {name}", f"each has {', '.join(required)}")
        return fields

    def text(self) -> str:
        """A text that is not blank."""
        if not self.of(str).strip():
            raise self.wrong("must not be empty")
        return self.of(str)

    def sentence(self) -> str:
        """A text as one line."""
        return " ".join(self.text().split())


def flag(field: Field) -> bool:
    """true or false."""
    return field.of(bool)


def one_of(*words: str) -> Callable[[Field], str]:
    """Reads one of these words."""

    def read(field: Field) -> str:
        if field.of(str) not in words:
            raise field.wrong(f"must be {' or '.join(words)}", nearest(field.of(str), words))
        return field.of(str)

    return read


def whole(field: Field) -> int:
    """A whole number. The tree does not say which: no key of ours was one before."""
    written = str(field.value.node.value)
    if type(field.value.content) is not int or not written.isdecimal() or len(written) > 6:
        raise field.wrong("must be a whole number of at most six digits")
    return int(written)


Check = Callable[[str], object]  # ValueError, with the reason, for what is wrong


def checked(field: Field, check: Check) -> str:
    """A text that `check` has nothing against."""
    text = field.text()
    try:
        check(text)
    except ValueError as error:
        raise field.wrong(f"is wrong: {error}") from None
    return text


def one_or_more(read: Callable[[Field], str]) -> Callable[[Field], tuple[str, ...]]:
    """Reads one value or a list of values."""

    def many(field: Field) -> tuple[str, ...]:
        found = field.items() if isinstance(field.value.content, list) else [field]
        if not found:
            raise field.wrong("must not be empty")
        return tuple(read(one) for one in found)

    return many


def that(pattern: str, complaint: str) -> Callable[[Field], str]:
    """Reads a text that `pattern` matches whole. What stands there instead is not repeated."""

    def read(field: Field) -> str:
        if not re.fullmatch(pattern, field.text()):
            raise field.wrong(complaint)
        return field.text()

    return read
