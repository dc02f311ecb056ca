"""Which of our hooks the configuration of the pre-commit framework names, and for which stages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanner.errors import ConfigError
from scanner.hooks.scripts import EVENTS

# .pre-commit-hooks.yaml of this project; a test compares the two.
STAGES = {
    "xoxscan": ("pre-commit", "pre-merge-commit"),
    "xoxscan-push": ("pre-push",),
    "xoxscan-commit-msg": ("commit-msg",),
}
FRAMEWORK = ".pre-commit-config.yaml"
_OLD_NAMES = {"commit": "pre-commit", "merge-commit": "pre-merge-commit", "push": "pre-push"}


def stages(text: bytes) -> tuple[dict[str, tuple[str, ...]], str]:
    """Our hooks in that configuration, by stage; and why it cannot be read, if it cannot (pre-commit.com, «hooks»)."""
    if b"xoxscan" not in text:
        return {}, ""
    from scanner import yamltree

    try:
        tree = yamltree.read(text, FRAMEWORK)
    except ConfigError as error:
        return {}, str(error)
    found: dict[str, tuple[str, ...]] = {}
    for name, wanted in _hooks(_plain(tree)):
        for stage in wanted:
            found[stage] = (*found.get(stage, ()), name)
    return found, ""


def _hooks(tree: object) -> Iterator[tuple[str, Sequence[str]]]:
    """Name and stages of each of our hooks."""
    top = tree if isinstance(tree, dict) else {}
    default = _stages(top.get("default_stages")) or EVENTS
    for repo in _items(top.get("repos")):
        for hook in _items(repo.get("hooks")):
            name, entry = str(hook.get("id", "")), str(hook.get("entry", ""))
            if name in STAGES or "xoxscan" in entry:
                yield name, _stages(hook.get("stages")) or STAGES.get(name) or default


def _items(value: object) -> list[dict[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _stages(value: object) -> list[str]:
    return [_OLD_NAMES.get(str(each), str(each)) for each in value] if isinstance(value, list) else []


def _plain(value: object) -> object:
    """A tree of yamltree without its lines."""
    content = getattr(value, "content", value)
    if isinstance(content, dict):
        return {key: _plain(each) for key, each in content.items()}
    return [_plain(each) for each in content] if isinstance(content, list) else content
