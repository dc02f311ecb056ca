"""What looks like a signing secret, a client secret or a verification token of Slack, and is none.

`{hex}` is 32 hex digits, `{HEX}` the same in capitals, `{sha1}` 40 of them, `{uuid}` a UUID with its dashes, `{token}`
24 letters and digits, `{mongo}` 24 hex digits, `{number}` a long number.
"""

from __future__ import annotations

from tests.rules.drawing import hexes, letters, number

OTHERS = {  # however much is spoken of Slack
    "another service's": "SLACK_CHANNEL=general\nSTRIPE_SIGNING_SECRET={hex}\nSPOTIFY_CLIENT_SECRET={hex}\n",
    "an unknown service's": "SLACK_CHANNEL=general\nACME_SIGNING_SECRET={hex}\nACME_CLIENT_SECRET={hex}\n",
    "another service's block": (
        "slack:\n  channel: x\nspotify:\n  client_secret: {hex}\n  verification_token: "
        "{token}\n"
    ),
    "an unknown service's block": "slack:\n  channel: x\nacme:\n  client_secret: {hex}\n",
    "within Slack's block": "slack:\n  github:\n    client_secret: {hex}\n",
    "another service's object": (
        '{"slack": {"channel": "x"}, "spotify": {"client_id": "y", "client_secret": '
        '"{hex}"}}\n'
    ),
    "another service's object, signing": "const slack = { channel: 'x' };\nstripe({ signingSecret: '{hex}' });\n",
    "another service's section": "[slack]\nchannel = x\n[spotify]\nclient_secret = {hex}\n",
    "another service's heading": "# Slack\nSLACK_CHANNEL=x\n# Facebook\nCLIENT_SECRET={hex}\n",
    "another service's provider": (
        '[{"provider": "slack", "on": 1}, {"provider": "spotify", "clientSecret": '
        '"{hex}"}]\n'
    ),
    "a provider behind": (
        "use OmniAuth::Builder do\n  provider :slack, ENV['A'], ENV['B']\n"
        "  provider :facebook, '{number}', '{hex}'\nend\n"
    ),
    "no name": "slack = 1\nmd5 = '{hex}'\n",
    "a list of services": "providers: [slack, github]\nclient_secret = {hex}\n",
    "in a text that mentions Slack": "Ask in Slack.\n\nexport CLIENT_SECRET={hex}\nexport VERIFICATION_TOKEN={hex}\n",
    "a verify token": "SLACK_TOKEN=\nPAGE_VERIFY_TOKEN={token}\nVERIFY_TOKEN={token}\n",
    "far away": "slack " + "far away " * 60 + "signing_secret: {hex}\n",
    "a commit": "SLACK_SIGNING_SECRET comes with commit {hex}\n",
    "a git hash": "SLACK_SIGNING_SECRET={sha1}\n",
    "a SHA-256": "SLACK_SIGNING_SECRET={hex}{hex}\nslack_client_secret: {hex}{hex}\n",
    "a digest": (
        "SLACK_SIGNING_SECRET_MD5={hex}\nslack_client_secret_hash: {hex}\n"
        "slackSigningSecretDigest: '{hex}'\n"
    ),
    "an id": "SLACK_SIGNING_SECRET_ID={hex}\nslack_client_secret_id: {hex}\nslackVerificationTokenId: {token}\n",
    "ARN": "SLACK_SIGNING_SECRET_ARN=arn:aws:secretsmanager:eu-west-1:123456789012:secret:{hex}\n",
    "a reference": "SLACK_SIGNING_SECRET_REF={hex}\nslackClientSecretRef: {hex}\n",
    "a version": "SLACK_SIGNING_SECRET_VERSION={hex}\nslack_client_secret_version_id: {hex}\n",
    "a path": "SLACK_SIGNING_SECRET_FILE=/run/secrets/{hex}\nslack_client_secret_path: {hex}\n",
    "a UUID": "SLACK_SIGNING_SECRET={uuid}\n",
    "capitals": "SLACK_SIGNING_SECRET={HEX}\n",
    "other names": "slack_channel_id: {hex}\nslack_state: {hex}\nslack_md5: {hex}\nSLACK_TEAM_TOKEN={token}\n",
    "a longer word": "SLACK_SIGNING_SECRET={hex}g\nSLACK_CLIENT_SECRET=g{hex}\nSLACK_VERIFICATION_TOKEN={token}x\n",
    "a variable": "SLACK_SIGNING_SECRET=${SLACK_SECRET}\nSLACK_CLIENT_SECRET={{ vault.secret }}\n",
    "a signature": "X-Slack-Signature: v0={hex}{hex}\nslack_signing_secret_signature={hex}\n",
    "the secret signs": "slack_signing_secret and then hash {hex}\n",
    "JWT": "SLACK_CHANNEL=x\nJWT_SIGNING_SECRET={hex}\nSESSION_SIGNING_SECRET={hex}\nJWT_SIGNING_KEY={hex}\n",
    "lines further": "SLACK_SIGNING_SECRET=\nCACHE_KEY={hex}\nSLACK_CLIENT_SECRET=\nOTHER={hex}\n",
    "next in a list": "- name: SLACK_SIGNING_SECRET\n  valueFrom: x\n- name: BUILD\n  value: {hex}\n",
    "next variable": (
        'variable "slack_signing_secret" {\n  type = string\n}\nvariable "build" {\n'
        '  default = "{hex}"\n}\n'
    ),
    "Mongo's id": "SLACK_VERIFICATION_TOKEN={mongo}\n",
}  # fmt: skip
MADE_UP = (  # values of 32 digits that nobody drew
    "8f742231b10e8888abcd99yyyzzz85a5", "00000000000000000000000000000000", "0123456789abcdef0123456789abcdef",
    "abcdef0123456789abcdef0123456789", "abcdef01234567890123456789abcdef", "fedcba9876543210fedcba9876543210",
    "deadbeefdeadbeefdeadbeefdeadbeef", "deadbeefcafebabedeadbeefcafebabe", "a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6",
    "a1b2c3d4e5f60718293a4b5c6d7e8f90", "11112222333344445555666677778888", "abc123abc123abc123abc123abc123ab",
    "12345678901234567890123456789012", "1234567890abcdef1234567890abcdef", "aaaabbbbccccddddeeeeffff00001111",
    "aabbccddeeff00112233445566778899", "99999999999999999999999999999999", "d41d8cd98f00b204e9800998ecf8427e",
    "736c61636b2d7369676e696e672d7365", "000102030405060708090a0b0c0d0e0f", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "your-slack-signing-secret", "YOUR_SLACK_SECRET", "changeme", "<signing secret>",
    "aaaabbbbaaaabbbbaaaabbbbaaaabbbb",
    "deadbeef0123456789abcdefdeadbeef", "cafebabe12345678cafebabe12345678", "abcabcabcabcabcabcabcabcabcabcab",
)  # fmt: skip
WORDS = (  # and of 24 characters
    "yourVerificationTokenHere", "YourVerificationToken123", "0123456789abcdefghijklmn", "abcdefghijklmnopqrstuvwx",
    "thisIsCamelCaseWithWords", "HandlerForIncomingEvents", "getCurrentUserPreference", "SlackVerificationTokenXX",
    "AbstractBeanFactoryAware", "xxxxxxxxxxxxxxxxxxxxxxxx", "XXXXXXXXXXXXXXXXXXXXXXXX", "AAAAbbbb1111AAAAbbbb1111",
    "abcABC123abcABC123abcABC", "VGhpc0lzTm90QVNlY3JldDEy", "QUJDREVGR0hJSktMTU5PUFFS", "AaBbCcDdEeFfGgHhIiJjKkLl",
    "1a2B3c4D5e6F7g8H9i0J1k2L", "fakeFAKE1234fakeFAKE1234", "UserRepositoryInterface1", "renderComponentToString2",
)  # fmt: skip


def drawn(template: str, seed: int) -> str:
    """`template` with what it asks for."""
    plain = hexes(seed, 32)
    forms = {
        "hex": plain, "HEX": plain.upper(), "sha1": hexes(seed, 40), "token": letters(seed, 24),
        "mongo": "5" + hexes(seed, 23), "number": number(seed, 15),
        "uuid": "-".join((plain[:8], plain[8:12], plain[12:16], plain[16:20], plain[20:])),
    }  # fmt: skip
    for form, text in forms.items():
        template = template.replace("{" + form + "}", text)
    return template
