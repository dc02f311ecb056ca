"""Rows: the three secrets of an app that have no prefix, in the files in which people keep them. What they are is told
by a name, or by what that name stands in."""

from __future__ import annotations

from collections.abc import Mapping

from bench.recall_matrix.cells import SIGNING, Row, Write

_KINDS = {
    "signing secret": SIGNING,
    "client secret": "{{client_secret}}",
    "verification token": "{{verification_token}}",
}
_FILES: Mapping[str, tuple[str, str]] = {  # a row: the file, and what stands in it. NAMES: as in rows()
    ".env": (".env", "PORT=3000\nSLACK_NAME_NAME=@\n"),
    "shell": ("run.sh", "#!/bin/sh\nexport SLACK_NAME_NAME='@'\n"),
    "YAML": ("config.yml", "slack:\n  channel: general\n  name_name: @\n"),
    "YAML, two levels up": ("config.yml", "slack:\n  app:\n    name_name: '@'\n"),
    "JSON": ("config.json", '{"slack": {"channel": "general", "nameName": "@"}}\n'),
    "answer of apps.manifest.create": (
        "app.json",
        '{"credentials": {"name_name": "@"}, "oauth_authorize_url": "https://slack.com/oauth/v2/authorize"}\n',
    ),
    "Terraform, variable": (
        "main.tf",
        'variable "slack_name_name" {\n  type      = string\n  sensitive = true\n  default   = "@"\n}\n',
    ),
    "Terraform, environment": ("main.tf", 'environment {\n  name  = "SLACK_NAME_NAME"\n  value = "@"\n}\n'),
    "terraform.tfvars": ("terraform.tfvars", 'slack_name_name = "@"\n'),
    "Helm values": ("values.yaml", "replicas: 2\nslack:\n  enabled: true\n  nameName: @\n"),
    "helm --set": ("install.sh", "helm install bot ./chart --set slack.nameName=@\n"),
    "Kubernetes, env": ("deployment.yaml", "env:\n  - name: SLACK_NAME_NAME\n    value: '@'\n"),
    "docker-compose": ("compose.yaml", "services:\n  bot:\n    environment:\n      SLACK_NAME_NAME: @\n"),
    "Dockerfile": ("Dockerfile", "FROM scratch\nENV SLACK_NAME_NAME @\n"),
    "appsettings.json": ("appsettings.json", '{\n  "Slack": {\n    "BotName": "bot",\n    "NameName": "@"\n  }\n}\n'),
    "web.config": ("web.config", '<appSettings>\n  <add key="Slack:NameName" value="@" />\n</appSettings>\n'),
    "Java properties": ("application.properties", "server.port=80\nslack.name-name=@\n"),
    "Spring, YAML": ("application.yml", "app:\n  slack:\n    name-name: @\n"),
    "INI": ("settings.ini", "[slack]\nchannel = general\nname_name = @\n"),
    "TOML": ("settings.toml", '[slack]\nchannel = "general"\nname_name = "@"\n'),
    "plist": ("Info.plist", "<dict>\n<key>SlackNameName</key>\n<string>@</string>\n</dict>\n"),
    "GitHub Actions": ("ci.yml", "jobs:\n  test:\n    env:\n      SLACK_NAME_NAME: @\n"),
    "GitLab CI": (".gitlab-ci.yml", "variables:\n  SLACK_NAME_NAME:\n    description: the bot\n    value: '@'\n"),
    "Python": ("settings.py", 'SLACK = {\n    "CHANNEL": "general",\n    "NAME_NAME": "@",\n}\n'),
    "JavaScript": ("bot.js", "const it = process.env.SLACK_NAME_NAME || '@';\n"),
    "Java": ("Bot.java", 'private static final String SLACK_NAME_NAME = "@";\n'),
    "Go": ("bot.go", 'var cfg = slack.Config{\n\tChannel:  "general",\n\tNameName: "@",\n}\n'),
    "Ruby": ("slack.rb", "Slack.configure do |config|\n  config.name_name = '@'\nend\n"),
    "Markdown": ("README.md", "The Slack name name is `@`.\n"),
}


def rows() -> tuple[Row, ...]:
    """A row for each file and kind. `@` is the secret; "name name", in its many spellings, is what it is called."""
    return tuple(
        Row("context", f"{file}: {kind}", _writes(text, kind), name, template)
        for file, (name, text) in _FILES.items()
        for kind, template in _KINDS.items()
    )


def _writes(text: str, kind: str) -> Write:
    first, second = kind.split()
    spelled = {
        "NAME_NAME": f"{first}_{second}".upper(),
        "name_name": f"{first}_{second}",
        "name-name": f"{first}-{second}",
        "nameName": first + second.title(),
        "NameName": first.title() + second.title(),
        "name name": kind,
    }
    for form, name in spelled.items():
        text = text.replace(form, name)
    return lambda secret: text.encode().replace(b"@", secret)
