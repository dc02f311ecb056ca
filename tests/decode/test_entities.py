"""HTML and XML entities."""

from __future__ import annotations

import html
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.decode.entities import VIEW
from tests.conftest import token
from tests.decode.planting import Spell, contexts, each, planted, prefixed, randoms, tokens


def decimal(byte: int) -> bytes:
    return b"&#%d;" % byte


def padded(byte: int) -> bytes:
    return b"&#%03d;" % byte


def small(byte: int) -> bytes:
    return b"&#x%x;" % byte


def large(byte: int) -> bytes:
    return b"&#X%02X;" % byte


def four(byte: int) -> bytes:
    return b"&#x%04x;" % byte


def twice(byte: int) -> bytes:
    return b"&amp;#%d;" % byte


def thrice(byte: int) -> bytes:
    return b"&amp;amp;#x%x;" % byte


SPELLS = [decimal, padded, small, large, four, twice, thrice]


@given(tokens, contexts, contexts, st.sampled_from(SPELLS))
@settings(deadline=None)
def test_every_character(secret: bytes, before: bytes, behind: bytes, spell: Spell) -> None:
    planted(VIEW, before + b" ", each(secret, spell), b" " + behind, secret)


@given(prefixed, contexts, contexts, randoms)
@settings(deadline=None)
def test_some_characters(secret: bytes, before: bytes, behind: bytes, chance: Random) -> None:
    planted(VIEW, before + b" ", each(secret, decimal, small, large, twice, chance=chance), b" " + behind, secret)


@given(prefixed)
@settings(deadline=None)
def test_without_semicolons(secret: bytes) -> None:
    text = each(secret, lambda byte: b"&#%d" % byte)
    assert html.unescape(text.decode()).encode() == secret
    planted(VIEW, b"", text, b"", secret)


@given(prefixed, randoms)
@settings(deadline=None)
def test_names_and_what_is_not_seen(secret: bytes, chance: Random) -> None:
    """A soft hyphen stays for the view that takes it out."""
    at = chance.randrange(4, len(secret))
    text = secret[:at] + b"&shy;" + secret[at:]
    assert next(VIEW.decode(text)).data == secret[:at] + "\u00ad".encode() + secret[at:]


@pytest.mark.parametrize(
    "markup", [b"<wbr>", b"<wbr/>", b"</b>", b"</em><em class='hit'>", b'<span style="color:red">']
)
def test_markup_within(markup: bytes) -> None:
    secret = token()
    for at in (3, 4, 9, 20):
        planted(VIEW, b"<td>", secret[:at] + markup + secret[at:], b"</td>", secret)


@pytest.mark.parametrize(
    "text",
    [
        b"<b>" + token() + b"</b> x",
        b"Linux&#39;s",
        b"a &amp; b &lt; c",
        token() + b"&quot;",
        token() + b"&nope;",
        b"x < o",
    ],
)
def test_nothing_to_decode(text: bytes) -> None:
    assert not list(VIEW.decode(text))


def test_what_is_no_character_stays() -> None:
    text = b"xox&#98;&#9999999;&#xFFFFFF;&nosuchname;&"
    assert next(VIEW.decode(text)).data == b"xoxb&#9999999;&#xFFFFFF;&nosuchname;&"


OFFICE = (
    b'</w:t></w:r><w:proofErr w:type="spellEnd"/><w:r w:rsidR="00A1"><w:rPr><w:b/></w:rPr><w:t xml:space="preserve">',
    b'</a:t></a:r><a:r><a:rPr lang="en-US" dirty="0"/><a:t>',
    b'</t></r><r><rPr><b/><sz val="11"/><color rgb="FFFF0000"/><rFont val="Arial"/><family val="2"/></rPr><t>',
)


@pytest.mark.parametrize("runs", OFFICE)
def test_runs_of_one_paragraph(runs: bytes) -> None:
    secret = token()
    planted(VIEW, b"<w:t>", secret[:20] + runs + secret[20:], b"</w:t>", secret)


@pytest.mark.parametrize(
    "end", [b"</w:t></w:r></w:p><w:p><w:r><w:t>", b"</a:t><a:br/><a:t>", b"<w:tab/>", b"</t></si>"]
)
def test_what_stands_in_another_paragraph_is_not_joined(end: bytes) -> None:
    secret = token()
    text = secret[:20] + end + secret[20:]
    assert all(secret not in part.data for part in VIEW.decode(text))


def test_a_host_with_named_dots() -> None:
    secret = token("webhook")
    spelled = secret.replace(b":", b"&colon;").replace(b"/", b"&sol;").replace(b".", b"&period;")
    planted(VIEW, b"<code>", spelled, b"</code>", secret)
