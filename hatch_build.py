"""Build hook: puts rules/ into scanner/data/rules of a wheel, and the same rules as JSON beside it.

The hook of pre-commit reads the JSON and need not load YAML. Editable installs get neither: there it reads ../rules.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import chdir
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class RulesHook(BuildHookInterface[Any]):
    """See hatchling's documentation of build hooks."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Adds both to what the wheel holds. A rule that does not load or compile fails the build."""
        if version == "editable":
            return
        self._folder = tempfile.TemporaryDirectory()
        made = Path(self._folder.name, "rules.json")
        made.write_bytes(self._rules())
        build_data["force_include"] |= {"rules": "scanner/data/rules", str(made): "scanner/data/rules.json"}

    def _rules(self) -> bytes:
        """What scanner/data/rules.json is to hold; complaints name files as from the top of the project."""
        sys.path.insert(0, self.root)
        try:
            from scanner import rules
        finally:
            sys.path.remove(self.root)
        with chdir(self.root):
            return rules.to_json(rules.load(Path("rules")))

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Removes the temporary folder."""
        if version != "editable":
            self._folder.cleanup()
