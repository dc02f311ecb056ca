"""What somebody who knows how reports are read would name files, branches, commits and people."""

from __future__ import annotations

HOSTILE = [
    # GitHub's runner, Azure's agent, GitLab's log and hooks
    "::add-mask::x", "::error file=a,line=1::b", "  ::stop-commands::abc", "a\n::error::b", "a\r::warning::b",
    "a\r\n::notice::b", "##[error]x", "x##[add-mask]y", "##[add-matcher]/tmp/x.json", "%0A::error::x",
    "%250A::error::x",
    ",line=9,title=x::y", "##vso[task.setvariable variable=PATH]y", "section_start:0:x\r\x1b[0Kx", "GL-HOOK-ERR: x",
    # the same where a search by culture looks
    "\ufe0f::error::x", "\u3000\u200d::error::x", "#\u00ad#[error]x", "##\ufe0f[error]x", "##\u034f[group]x",
    "\U000e0100::add-mask::x", "#\x07#[error]x",
    # terminals
    "\x1b[31mred\x1b[2J", "\x9b31mred", "\x1b]0;title\x07", "a\x08\x08b", "a\x00b", "a\tb", "\x0b", "\x0c",
    "\x1d", "\x85",
    "a\u2028b", "a\u2029b",
    # what hides and what reorders
    "gnp\u202e.exe", "\u2066a\u2069", "a\u200bb", "a\u200db", "\ufeffa", "\U000e0041", "a\u180eb", "\u2060", "\u061c",
    # Markdown, HTML, mentions, references
    "a|b|c", "|---|---|", "`", "``` x", "a\n\n# b", "**b** _c_ ~~d~~", "[x](https://example.org)",
    "[x]: https://e.org",
    "![x](https://example.org/a.png)", "<img src=x onerror=y>", "</code></td><script>x</script>", "<!-- x",
    "-->", "<br>",
    "@everyone", "@org/team", "#1", "GH-1", "!1 &2 %3 ~x $4", "https://example.org/x", "www.example.org",
    "a@example.org",
    "<https://example.org>", ":smile:", "$`x`$", "$$x$$", "~~~", "    code", "- x", "1. x", "> x", "---", "\\",
    "\\`", "\\|",
    "\n/close", "[ ] x", "[^1]", "==x==", "{{x}}", "`a` | `b`",
    # XML and JSON
    "]]>", "<![CDATA[x", "<?xml version='1.0'?>", "<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]>",
    "&y;", "&#0;",
    "&amp;#10;", "'", '"', '"}],', "\\u0000", "\ufffe", "\uffff", "\udc80", "[[ATTACHMENT|/etc/passwd]]",
    # shells, formats
    "$(id)", "`id`", "; rm -rf x", "${{ github.token }}", "%s%n", "{0}", "-rf", "--show-secrets", "a'; id; '",
]  # fmt: skip
