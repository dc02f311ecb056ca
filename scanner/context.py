"""Whose is a secret that only its name tells? What the name says decides; else what the name stands in: an object, a
call, a block, a section, an element, below a heading; else what stands close beside it. Nearer words outweigh others.

Everything here looks at a few thousand bytes around a candidate, whatever the size of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

_SLACK, _OTHER = "Slack", "another service"
_LINES = 60  # before a name that are looked at
_LEVELS = 8  # of brackets that are looked at
_AROUND = 1500  # bytes before a name in which its surroundings are looked for
_NAME = 120  # bytes of the longest path of a name: Integrations:Slack:SigningSecret
_NEAR, _FAR_NAME = 100, 600  # bytes before a value in which its name is looked for
_CORE = 40  # bytes: more than any of _CORES
_CLOSE, _BEHIND = 400, 200  # bytes before a name and behind a value within which a word is close
_FAR = 4096  # bytes before a name within which a library that is imported counts

# Services of which people keep secrets beside those of Slack: the first ones wherever they stand, the others as words.
_LONG = """
    adyen airtable algolia amplitude anthropic asana atlassian auth0 bigcommerce bitbucket braintree calendly clickup
    coinbase cloudinary cognito confluence datadog deezer dingtalk discord docusign dropbox facebook feishu figma fitbit
    foursquare freshdesk github(?!\\.com|usercontent) gitlab google(?!apis) hubspot instagram intercom kakao keycloak
    larksuite linkedin mailchimp mailgun mailjet mattermost messagebird microsoft mixpanel msteams onedrive openai
    opsgenie pagerduty patreon paypal pinterest pipedrive plaid postmark quickbooks reddit rocketchat salesforce
    sendgrid sharepoint shopify snapchat soundcloud spotify strava stripe telegram tiktok trello tumblr twilio twitch
    twitter typeform vimeo vonage wechat weibo whatsapp woocommerce workos yahoo youtube zendesk zoho zulip
"""
_SHORT = "amazon apple aws azure box clerk jira line linear meta notion okta segment square steam svix uber xero zoom"
# What other secrets are for: in a name, these tell as well that it is none of Slack's.
_PURPOSES = frozenset(b"cookie csrf jwt session cdn url download upload license licence s3 oidc saml hmac".split())
_NEUTRAL = frozenset(
    b"""
    a add api app application applications apps auth authentication base bolt bot bots channel channels client cloud
    command commands conf config configuration consumer create credential credentials current custom data default
    defaults dev develop development e env environment event events example expected export external fake flask get
    given global hubot id integration integrations internal key local main mock my new next node o oauth old openid
    option options param parameter parameters plain platform prod production provider public qa react real receiver
    request requests secret secrets self server service services set setting settings shared signing slash social
    staging state static team test testing tests th the this token use user v valid value var vars verification
    verify vite vue web webhook webhooks with workspace x your
    """.split()
)

_OTHER_SECRETS = frozenset(b"signing singing state session webhook base verification".split())

_CORES = {
    "signing-secret": rb"(?i)(?:signing|singing)[_\-. ]?(?:secret|key)|secret[_\-. ]?signing[_\-. ]?key"
    rb"|(?:slack_?)?(?:events?|message)_?adapter|signature_?verifier|secrets_?verifier",
    "client-secret": rb"(?i)client[_\-. ]?secret|(?:(?:app|api|oauth2?|auth|consumer)[_\-. ]?)?secret(?:[_\-. ]?key)?",
    "verification-token": rb"(?i)verif(?:ication|y)[_\-. ]?token",
}
_LABELS = _CORES | {"client-secret": rb"(?i)client[_\-. ]?secret|slack(?:[_\-. ]?(?:app|api|oauth2?))?[_\-. ]?secret"}
_LIBRARY = rb"""(?x) @slack/ | slack[_-](?:bolt|sdk) | slackclient | slackeventsapi | com\.slack\.api | /slack-go/
    | nlopes/slack | SlackNet | slack-ruby | slackify | slack[_-]morphism | api\.slack\.com | slack\.dev"""
_GRANT = rb"slack\.com/(?:api/)?(?:oauth|openid)|oauth[._]v2[._]access|slack_bolt\.oauth|@slack/oauth|oauth[._]access"
# A letter or mark of a name may itself be spelled: `SLACK\u005fSIGNING\u005fSECRET`, `%5F`, `&#95;`.
_SPELLED = rb"\\+(?:u00|x)([0-9A-Fa-f]{2})|%(?:25)*([0-9A-Fa-f]{2})|&#[xX]([0-9A-Fa-f]{2});|&#([0-9]{2,3});"
_CLIENT_ID = rb"(?<![\d.])[1-9]\d{8,13}\.\d{10,14}(?![\d.])"
_BEHIND_ID = _CLIENT_ID + rb"[\"'`]?[\s,:;|]{1,24}(?:[\"'`]?pass(?:word|wd)?[\"'`]?\s{0,4}[:=]\s{0,4})?[\"'`]?\Z"
_BRACKET = rb"[()\[\]{}]|</?[A-Za-z][^<>\n]{0,100}>"
_SIBLING = (
    rb"(?i)[\"']?\b(?:name|provider|type|strategy|service|driver|kind|backend)[\"']?\s{0,4}(?::|=>?)\s{0,4}"
    rb"[\"':]{0,2}([\w\-.]{2,40})"
)


class Place(NamedTuple):
    """Where a value and its name stand in a text."""

    text: bytes
    name: tuple[int, int]
    value: tuple[int, int]

    @property
    def first(self) -> int:
        """Where the earlier of the two begins."""
        return min(self.name[0], self.value[0])


@cache
def _pattern(source: bytes) -> re.Pattern[bytes]:
    return re.compile(source)


@cache
def _services() -> re.Pattern[bytes]:
    """For small letters: to compare without regard to them takes ten times as long."""
    long, short = ("|".join(words.split()).encode() for words in (_LONG, _SHORT))
    return re.compile(rb"(?P<ours>slack(?!ware))|(?:%s)|(?<![a-z])(?:%s)(?![a-z])" % (long, short))


def _said(text: bytes, first: bool = False) -> str:
    """Whose name stands last (or first) in `text`, if any does."""
    said = ""
    for found in _services().finditer(text.lower()):
        said = _SLACK if found["ours"] else _OTHER
        if first:
            break
    return said


def foreign(text: bytes, start: int, end: int, what: str) -> str:
    """Why the value at `start` to `end`, which a name of the kind `what` betrays (a key of _CORES), is none of Slack's;
    "" if it is."""
    if _pattern(_BEHIND_ID).search(text, max(0, start - 90), start):
        return "" if _spoken_of(text, start) else "nothing near it says Slack"
    place = _place(text, start, end, what)
    if place is None:
        return "no name beside it tells what it is"
    said, strange = _named(place)
    if what == "client-secret" and strange & _OTHER_SECRETS:
        return "its name is that of another secret"
    said = said or _remark(place) or _surroundings(place)
    if said == _OTHER:
        return "it is another service's"
    if said == _SLACK and not strange & _PURPOSES:
        return ""
    if strange - _NEUTRAL:
        return "its name is that of something else"
    return "" if _close(place, what) else "nothing beside it says Slack"


def _place(text: bytes, start: int, end: int, what: str) -> Place | None:
    """The nearest name before a value; behind it, if that is nearer."""
    core = _pattern(_CORES[what])
    before = _last(core, text, start)
    after = _pattern(_LABELS[what]).search(text, end, end + 160)
    if after and (before is None or after.start() - end < start - before[1] - 20):
        return Place(text, after.span(), (start, end))
    return Place(text, before, (start, end)) if before else None


def _last(core: re.Pattern[bytes], text: bytes, end: int) -> tuple[int, int] | None:
    """The last name before `end`. It is looked for near by first: a text may have a hundred thousand candidates."""
    for reach in (_NEAR, _FAR_NAME):
        begin = max(0, end - reach)
        last = max((found.span() for found in core.finditer(text, begin, end)), default=None)
        if last and last[0] > begin + _CORE:  # else it may be the end of a longer one
            break
    return last


def _named(place: Place) -> tuple[str, frozenset[bytes]]:
    """What the name says with the path or the phrase that leads to it; and the words of it that are its own."""
    start, end = place.name
    lead = _spelled_out(place.text[max(0, start - _NAME, place.value[1] if place.value[1] <= start else 0) : start])
    rest = lead.rstrip(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-:/[]'\"$>\\")
    path = lead[len(rest) :]
    phrase = re.sub(rb"--[a-z\-]+=\Z", b"", rest.rpartition(b"\n")[2])
    spoken = phrase[len(phrase.rstrip(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz '()*_`-")) :]
    own = re.split(rb"[^A-Za-z0-9_\-]", path)[-1]
    said = _said(path + place.text[start:end]) or _said(spoken)
    return said, frozenset(word.lower() for word in re.findall(rb"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", own))


def _spelled_out(name: bytes) -> bytes:
    """A name with what is spelled in it as it is meant, as far as names have it."""

    def plain(found: re.Match[bytes]) -> bytes:
        code = int(found[4]) if found[4] else int(found[found.lastindex or 0], 16)
        meant = bytes((code,)) if code < 128 else b""
        return meant if re.match(rb"[\w.-]", meant) else found[0]

    return _pattern(_SPELLED).sub(plain, name)


def _remark(place: Place) -> str:
    """What the comment behind a value says, in its line."""
    line = place.text[place.value[1] : place.value[1] + 160].partition(b"\n")[0]
    found = re.match(rb"[\"'`,;)\]} \t]{0,12}(?:#|//|--|/\*|<!--)(.*)", line)
    return _said(found[1], first=True) if found else ""


def _surroundings(place: Place) -> str:
    """What the nearest of the things says that a name stands in."""
    said = [max(_decisive(heads), default=(-1, "")) for heads in (_opened(place), _indented(place))]
    return max(said)[1]


def _decisive(heads: Iterator[tuple[int, bytes]]) -> Iterator[tuple[int, str]]:
    """The place of the first one that says something, and what."""
    for at, head in heads:
        if said := _said(head):
            yield at, said
            return


def _opened(place: Place) -> Iterator[tuple[int, bytes]]:
    """What stands before each bracket or tag that is open where a name stands, the innermost first; and, where that
    says nothing, what an entry of it says that tells its kind."""
    text, at = place.text, place.first
    closed, levels = {True: 0, False: 0}, _LEVELS
    for found in reversed(list(_pattern(_BRACKET).finditer(text, max(0, at - _AROUND), at))):
        mark, tag = found[0], len(found[0]) > 1
        if mark.endswith(b"/>"):
            continue
        if mark in b")]}" or mark.startswith(b"</"):
            closed[tag] += 1
        elif closed[tag]:
            closed[tag] -= 1
        elif levels:
            kind = b" " + _kind(place, found.end()) if levels == _LEVELS else b""
            levels -= 1
            yield found.start(), mark if tag else _head(text, found.start()) + kind


def _head(text: bytes, at: int) -> bytes:
    """The last words before a bracket, in the same paragraph."""
    parts = re.split(rb"[;{}\n,]", re.split(rb"\n\r?\n", text[max(0, at - 100) : at])[-1])
    return next((part for part in reversed(parts) if part.strip(b" \t\r([")), b"")


def _kind(place: Place, opened: int) -> bytes:
    """The values of entries of an object that say what it is about: provider, type, name …, before and behind."""
    start, end = place.first, max(place.name[1], place.value[1])
    within = place.text[opened:start] + b"\n" + re.split(rb"[{}]", place.text[end : end + 300])[0]
    return b" ".join(_pattern(_SIBLING).findall(within[-900:]))


def _indented(place: Place) -> Iterator[tuple[int, bytes]]:
    """The lines that stand less far to the right, nearest first; headings of the same block; the section."""
    text = place.text
    begin = text.rfind(b"\n", max(0, place.first - _AROUND), place.first) + 1
    indent, heading, at = _indent(text[begin : place.first]), True, begin
    for line in reversed(text[max(0, begin - _AROUND) : max(0, begin - 1)].split(b"\n")[-_LINES:]):
        at -= len(line) + 1
        bare = line.strip()
        if not bare:
            heading = False
        elif bare.startswith(b"[") and re.fullmatch(rb"\[[^\]]{1,80}\]+", bare):
            yield at, bare
            return
        elif heading and bare.startswith((b"#", b"//", b"--", b";", b"<!--", b"*")):
            yield at, bare
        elif _indent(line) < indent:
            indent = _indent(line)
            yield at, bare[:200]
        elif _indent(line) == indent and (kind := _pattern(_SIBLING).match(bare.lstrip(b"- "))):
            yield at, kind[1]


def _indent(line: bytes) -> int:
    return len(line) - len(line.lstrip(b" \t-"))


def _beside_id(place: Place) -> bool:
    """Whether the id of an app stands close, two long numbers with a dot between, and Slack is spoken of."""
    text, start = place.text, max(0, place.first - 300)
    known = [found.end() for found in _pattern(_CLIENT_ID).finditer(text, start, place.value[1] + _BEHIND)]
    return any(_said(text[end : place.first]) != _OTHER for end in known) and _spoken_of(text, start)


def _spoken_of(text: bytes, at: int) -> bool:
    return bool(_pattern(b"(?:[sS]lack|SLACK)(?!ware)").search(text, max(0, at - _FAR), at + _FAR))


def _close(place: Place, what: str) -> bool:
    """Whether something close says Slack, and nothing of another service stands between, nor in the same paragraph."""
    if _beside_id(place):
        return True
    before = place.text[max(0, place.first - _CLOSE) : place.first]
    if _said(re.split(rb"\n\r?\n", before)[-1]) == _OTHER:
        return False
    if what == "client-secret":
        return _granted(place)
    if what == "verification-token" and b"verify" in place.text[slice(*place.name)].lower():
        return False  # what other services call so, too
    behind = place.text[place.value[1] : place.value[1] + _BEHIND]
    return _said(before) == _SLACK or _said(behind, first=True) == _SLACK or _imported(place)


def _granted(place: Place) -> bool:
    """Whether a client secret stands near what it is exchanged with: the address, or a library of Slack."""
    text, name = place.text, place.text[slice(*place.name)].lower()
    if b"client" not in name:
        return False
    grant = _pattern(_GRANT).search(text, max(0, place.first - _AROUND), place.value[1] + _AROUND)
    return _imported(place) or bool(grant and b"slack" in text[max(0, grant.start() - _AROUND) : grant.end() + _CLOSE])


def _imported(place: Place) -> bool:
    return bool(_pattern(_LIBRARY).search(place.text, max(0, place.first - _FAR), place.first))
