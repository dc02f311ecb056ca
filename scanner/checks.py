r"""Structure checks: what a pattern cannot say about a candidate, as small pure functions.

A check takes a `Candidate` and keyword arguments from the rule file, and answers with the candidate (perhaps narrowed,
or with more ids read out of it), or with the reason why it is none. rules/README.md lists them for authors of rules.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from scanner import placeholder


class Candidate(NamedTuple):
    """What a pattern matched. As issued it is `before` + `secret` + `after`; `text` holds it from `start` to `end`."""

    text: bytes
    start: int
    end: int
    before: bytes
    secret: bytes
    after: bytes
    ids: tuple[tuple[str, str], ...]


Verdict = Candidate | str

_ESCAPE = (
    rb"\\[abefnrtv0]"  # \n and its like, of JSON, C, shell
    rb"|\\0?[0-3]?[0-7]{2}"  # \033
    rb"|\\x[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8}|%[0-9A-Fa-f]{2}|%u[0-9A-Fa-f]{4}|=[2-7][0-9A-F]"
    rb"|\[[0-9;]{0,16}[A-Za-z]"  # the rest of an ANSI colour: ESC [ 3 1 m, however ESC is written
)
_NOISE = 24  # base64 characters in a row right before a candidate: then it is the inside of a blob


@cache
def _ends_in_escape() -> re.Pattern[bytes]:
    return re.compile(rb"(?:" + _ESCAPE + rb")\Z")


def _is_word(byte: bytes) -> bool:
    return byte.isalnum() and byte.isascii()


def unglued(candidate: Candidate) -> Verdict:
    r"""No letter or digit stands right before, unless it ends an escape (`\n`, `%3D`, an ANSI colour).

    For prefixes that are ends of words (`mxapp-1-…` is an identifier); one that starts with `https` or `xoxe` is not.
    """
    text, start = candidate.text, candidate.start
    before = text[max(0, start - 20) : start]
    begins = text[start : start + 4]
    whole = begins == b"xoxe" or begins.lower() == b"http"
    if not _is_word(before[-1:]) or whole or _ends_in_escape().search(before):
        return candidate
    return "it is the end of a longer word"


def outside_noise(candidate: Candidate) -> Verdict:
    """It does not stand in the middle of a long run of base64 characters."""
    before = candidate.text[max(0, candidate.start - _NOISE) : candidate.start]
    if re.fullmatch(rb"[A-Za-z0-9+/]{%d}[A-Za-z0-9]" % (_NOISE - 1), before):
        return "it stands inside a longer run of base64"
    return candidate


def random(candidate: Candidate) -> Verdict:
    """The secret part is no mask, run, sequence, repetition or text; neither are all of its ids runs or sequences."""
    why = placeholder.made_up(candidate.secret[:400].decode("latin-1"))
    if why:
        return why
    ids = [value[value[0].isalpha() :] for name, value in candidate.ids if name != "version"]
    if len(ids) > 1 and all(placeholder.sequential(value) or placeholder.masked(value) for value in ids):
        return "all of its ids are runs or sequences"
    if any("EXAMPLE" in value for _, value in candidate.ids):
        return "the word 'example' is in an id"
    return candidate


def mixed(
    candidate: Candidate, *, letters: int = 1, digits: int = 0, upper: int = 0, lower: int = 0, different: int = 1
) -> Verdict:
    """The secret part holds at least so many letters, digits, capitals, small letters, and different characters."""
    secret = candidate.secret.decode("latin-1")
    wanted: tuple[tuple[str, Callable[[str], bool], int], ...] = (
        ("letters", str.isalpha, letters),
        ("digits", str.isdigit, digits),
        ("capitals", str.isupper, upper),
        ("small letters", str.islower, lower),
    )
    for what, is_one, least in wanted:
        found = sum(map(is_one, secret))
        if found < least:
            return f"{found} {what} in the secret part, {least} needed"
    if len(set(secret)) < different:
        return f"only {len(set(secret))} different characters"
    return candidate


def parts(candidate: Candidate, *, longest: int = 12) -> Verdict:
    """The longest dash-separated part of the secret has so many characters, letters and digits, and looks random."""
    sections = candidate.secret.decode("latin-1").split("-")
    section = max(sections, key=len)
    if len(section) < longest:
        return f"its longest part has {len(section)} characters, {longest} needed"
    if not re.search("[0-9]", section) or not re.search("[A-Za-z]", section):
        return "its longest part does not mix letters and digits"
    return placeholder.made_up(section) or next(filter(None, map(placeholder.wordy, sections)), "") or candidate


_PAYLOAD = rb"(?P<version>\d)-\d+-(?P<ids>(?:\d{6,20}-){2,5})(?P<hash>[0-9a-f]{64})"


@cache
def _payload() -> re.Pattern[bytes]:
    return re.compile(_PAYLOAD)


_PAYLOAD_IDS = {2: ("team", "grant"), 3: ("team", "grant", "serial"), 4: ("team", "user", "grant", "serial")}


def payload(candidate: Candidate) -> Verdict:
    """The secret part is base64 over version, ids and 64 hex digits, and ends where these do.

    Version 1 is a bot's access token, 2 a user's or a configuration token, 3 a refresh token.
    ASCII of this kind uses no character beyond A-Z, a-z, 0-9, so both alphabets of base64 are served.
    """
    body = candidate.secret
    decoded = _payload().match(binascii.a2b_base64(body[: len(body) // 4 * 4] + _padded(body[len(body) // 4 * 4 :])))
    if not decoded:
        return "its body does not decode to version, ids and 64 hex digits"
    if placeholder.made_up(decoded["hash"].decode()):
        return "the hash in its body is made up"
    surplus = len(body) - (decoded.end() * 4 + 2) // 3
    values = decoded["ids"].decode().rstrip("-").split("-")
    names = _PAYLOAD_IDS.get(len(values), ())
    ids = tuple(zip(names, values, strict=False))
    if decoded["version"] == b"1":
        ids = tuple(("bot" if name == "user" else name, value) for name, value in ids)
    kept = len(body) - surplus
    return candidate._replace(end=candidate.end - surplus, secret=body[:kept], ids=(*candidate.ids, *ids))


def _padded(rest: bytes) -> bytes:
    return rest + b"=" * (-len(rest) % 4) if len(rest) > 1 else b""


def opaque(candidate: Candidate) -> Verdict:
    """The secret part is base64 over bytes that neither count up or down nor are text."""
    body = candidate.secret.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
    try:
        plain = binascii.a2b_base64(body[: len(body) // 4 * 4])
    except binascii.Error:
        return "it is no base64"
    if placeholder.regular_bytes(plain):
        return "it is base64 over bytes that count up"
    if all(32 <= byte < 127 for byte in plain):
        return "it is base64 over plain text"
    return candidate


_HASHED = b"a admin bar changeme example foo hello password secret signing_secret slack test testing token 123456"


# SHA-256, its first 16 digits, of the verification tokens in examples at docs.slack.dev: a slash command's request, the
# body of an event, and url_verification. Nothing about them tells that they are no real ones.
_SHOWN = frozenset(["1483d4f83d2294fa", "c5516064d1d52126", "304779c4de12ef17"])


def _is_digest(plain: bytes) -> bool:
    """Whether somebody took the MD5 of nothing, or of what comes to mind first."""
    from hashlib import md5

    return any(md5(word, usedforsecurity=False).digest() == plain for word in (b"", *_HASHED.split()))


def unspelled(candidate: Candidate) -> Verdict:
    """The secret part is not hex digits over text or over bytes that count, nor base64 over such."""
    secret = candidate.secret
    try:
        plain = binascii.a2b_hex(secret)
    except binascii.Error:
        return opaque(candidate)
    if placeholder.regular_bytes(plain):
        return "it is hex over bytes that count up"
    if _is_digest(plain):
        return "it is the MD5 of a word"
    return "it is hex over plain text" if all(32 <= byte < 127 for byte in plain) else candidate


def signing_secret(candidate: Candidate) -> Verdict:
    """The name beside it is that of a signing secret, and is Slack's, or stands in or close to something that is, and
    in nothing of another service (scanner.context). So are the next two for theirs."""
    return _of_slack(candidate, "signing-secret")


def client_secret(candidate: Candidate) -> Verdict:
    """It is Slack's client secret by its name, or stands behind an app's id."""
    return _of_slack(candidate, "client-secret")


def verification_token(candidate: Candidate) -> Verdict:
    """It is Slack's verification token by its name, and none that Slack's documentation shows."""
    from hashlib import sha256

    if sha256(candidate.secret).hexdigest()[:16] in _SHOWN:
        return "Slack's documentation shows it as an example"
    return _of_slack(candidate, "verification-token")


def _of_slack(candidate: Candidate, what: str) -> Verdict:
    from scanner import context  # seldom needed, and never by the hook where nothing is found

    return context.foreign(candidate.text, candidate.start, candidate.end, what) or candidate


def url(candidate: Candidate) -> Verdict:
    """It is no end of a longer host name; as issued it starts with `https://` and a host name in small letters, however
    it stands in the text."""
    scheme, separator, rest = candidate.before.partition(b"://")
    if not separator and re.search(rb"[A-Za-z0-9]\.\Z", candidate.text[max(0, candidate.start - 2) : candidate.start]):
        return "it is the end of a longer host name"
    host, slash, path = (rest if separator else scheme).partition(b"/")
    return candidate._replace(before=b"https://" + host.lower() + slash + path)


CHECKS: dict[str, Callable[..., Verdict]] = {
    "unglued": unglued,
    "outside-noise": outside_noise,
    "random": random,
    "mixed": mixed,
    "parts": parts,
    "payload": payload,
    "opaque": opaque,
    "unspelled": unspelled,
    "signing-secret": signing_secret,
    "client-secret": client_secret,
    "verification-token": verification_token,
    "url": url,
}

# These ask for a word beside a match, as far from it as anchors may be.
SURROUNDINGS = frozenset({"signing-secret", "client-secret", "verification-token"})


def arguments(name: str) -> dict[str, object]:
    """The arguments that the check `name` takes, with their defaults."""
    return dict(CHECKS[name].__kwdefaults__ or {})
