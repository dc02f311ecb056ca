"""How people write down a signing secret, a client secret or a verification token; and what only looks like that.

`@` stands for the value. `{snake}`, `{kebab}`, `{camel}`, `{pascal}`, `{upper}` and `{words}` stand for the name of it:
signing_secret, signing-secret, signingSecret, SigningSecret, SIGNING_SECRET, signing secret. `{id}` is an app's id.
"""

from __future__ import annotations

from tests.rules.drawing import draw, hexes, letters, number

NAMES = {"slack-signing-secret": "signing secret", "slack-client-secret": "client secret",
         "slack-verification-token": "verification token"}  # fmt: skip

EACH = {  # formats in which all three are written alike
    ".env": "SLACK_{upper}=@\n",
    ".env, quoted": 'SLACK_{upper}="@"\n',
    ".env, with spaces": "SLACK_{upper} = '@'\n",
    ".env, among others": "DATABASE_URL=postgres://db/app\nSLACK_CHANNEL=general\nSLACK_{upper}=@\nGITHUB_TOKEN=\n",
    ".env, one of several": "SLACK_{upper}_DEV=@\n",
    ".env, with a path": "INTEGRATIONS_SLACK_APP_{upper}=@\n",
    ".env of .NET": "Slack__{pascal}=@\n",
    "shell": "export SLACK_{upper}=@\nexec ./run\n",
    "shell, a default": 'SLACK_{upper}="${SLACK_{upper}:-@}"\n',
    "Windows": 'set SLACK_{upper}=@\r\nsetx SLACK_{upper}_2 "%X%"\r\n',
    "PowerShell": '$env:SLACK_{upper} = "@"\n',
    "fish": "set -x SLACK_{upper} @\n",
    "YAML": "slack:\n  channel: general\n  {snake}: @\n",
    "YAML, quoted": 'slack:\n  {camel}: "@"\n',
    "YAML, deep": "integrations:\n  slack:\n    oauth:\n      scopes:\n        - chat:write\n      {kebab}: '@'\n",
    "YAML, flow": "slack: {channel: general, {snake}: @}\n",
    "YAML, one name": "slack_{snake}: @\n",
    "YAML, CRLF": "slack:\r\n  {snake}: @\r\n",
    "YAML, list by name": "apps:\n  - name: slack\n    {snake}: @\n  - name: github\n",
    "YAML, folded": "slack:\n  {snake}: >-\n    @\n",
    "JSON": '{"slack": {"channel": "general", "{camel}": "@"}}\n',
    "JSON, pretty": '{\n  "slack": {\n    "channel": "general",\n    "{snake}": "@"\n  }\n}\n',
    "JSON, one name": '{"slack{pascal}": "@"}\n',
    "JSON in JSON": '{"config": "{\\"slack_{snake}\\":\\"@\\"}"}\n',
    "JSON, provider": '{"providers": [{"provider": "slack", "{camel}": "@"}]}\n',
    "appsettings.json": '{\n  "Logging": {},\n  "Slack": {\n    "BotToken": "",\n    "{pascal}": "@"\n  }\n}\n',
    "appsettings.json, one name": '{"Slack:{pascal}": "@"}\n',
    "web.config": '<appSettings>\n  <add key="Slack:{pascal}" value="@" />\n</appSettings>\n',
    "dotnet user-secrets": 'dotnet user-secrets set "Slack:{pascal}" "@"\n',
    "C#": 'builder.Configuration["Slack:{pascal}"] = "@";\n',
    "C#, options": 'services.AddSlackBot(options =>\n{\n    options.{pascal} = "@";\n});\n',
    "Java properties": "slack.{kebab}=@\n",
    "Java properties, spaces": "spring.application.name=a\napp.slack.{snake} : @\n",
    "Java properties, nested": "integration.slack.app.{camel}=@\n",
    "Spring @Value": '@Value("${slack.{kebab}:@}")\nprivate String it;\n',
    "Java": 'private static final String SLACK_{upper} = "@";\n',
    "Java, builder": (
        'import com.slack.api.bolt.AppConfig;\n\nApp app = new App(AppConfig.builder().{camel}("@").build());\n'
    ),
    "Kotlin": 'val slack{pascal}: String = "@"\n',
    "Terraform, variable": (
        'variable "slack_{snake}" {\n  type        = string\n  sensitive   = true\n  default     = "@"\n}\n'
    ),
    "Terraform, described": (
        'variable "slack_{snake}" {\n  description = "The {words} of the app"\n  default = "@"\n}\n'
    ),
    "Terraform, tfvars": 'slack_{snake} = "@"\n',
    "Terraform, tfvars, aligned": 'slack_channel        = "x"\nslack_{snake} = "@"\n',
    "Terraform, map": 'slack = {\n  channel = "x"\n  {snake} = "@"\n}\n',
    "Terraform, environment": 'env {\n  name  = "SLACK_{upper}"\n  value = "@"\n}\n',
    "Terraform, parameter": (
        'resource "aws_ssm_parameter" "slack_{snake}" {\n  name  = "/app/slack"\n'
        '  type  = "SecureString"\n  value = "@"\n}\n'
    ),
    "Terraform, container": '{ name = "SLACK_{upper}", value = "@" },\n',
    "Helm values": "slack:\n  enabled: true\n  {camel}: @\n",
    "Helm values, secrets": "secrets:\n  slack{pascal}: '@'\n",
    "helm --set": "helm upgrade app ./chart --set replicas=2 --set slack.{camel}=@\n",
    "helm --set, quoted": 'helm upgrade app ./chart --set "slack.{camel}=@"\n',
    "Kubernetes env": "env:\n  - name: SLACK_{upper}\n    value: @\n",
    "Kubernetes env, quoted": 'env:\n- name: "SLACK_{upper}"\n  value: "@"\n',
    "Kubernetes stringData": "kind: Secret\nstringData:\n  slack-{kebab}: @\n",
    "kubectl": "kubectl create secret generic slack --from-literal={kebab}=@\n",
    "kubectl, one name": "kubectl create secret generic app --from-literal=SLACK_{upper}='@'\n",
    "docker-compose": "services:\n  bot:\n    environment:\n      - SLACK_{upper}=@\n",
    "docker-compose, map": "services:\n  bot:\n    environment:\n      SLACK_{upper}: @\n",
    "Dockerfile ENV": "FROM python:3\nENV SLACK_{upper} @\n",
    "Dockerfile ARG": "ARG SLACK_{upper}=@\n",
    "docker run": "docker run -e SLACK_{upper}=@ -p 80:80 bot\n",
    "GitHub Actions": "jobs:\n  test:\n    env:\n      SLACK_{upper}: @\n",
    "GitLab CI": "variables:\n  SLACK_{upper}:\n    description: for tests\n    value: '@'\n",
    "CircleCI": "jobs:\n  build:\n    environment:\n      SLACK_{upper}: @\n",
    "Azure Pipelines": "variables:\n- name: slack{pascal}\n  value: @\n",
    "Jenkinsfile": "environment {\n    SLACK_{upper} = '@'\n}\n",
    "Bitbucket": "script:\n  - export SLACK_{upper}=@\n",
    "Travis": "env:\n  global:\n    - SLACK_{upper}=@\n",
    "ECS": '{"environment": [{"name": "SLACK_{upper}", "value": "@"}]}\n',
    "Azure settings": '[{"name": "SLACK_{upper}", "slotSetting": false, "value": "@"}]\n',
    "value first": '[{"value": "@", "name": "SLACK_{upper}"}]\n',
    "Postman": '{"values": [{"key": "slack_{snake}", "value": "@", "enabled": true}]}\n',
    "CloudFormation": '"ParameterKey": "Slack{pascal}",\n"ParameterValue": "@"\n',
    "CloudFormation, default": "Slack{pascal}:\n  Type: String\n  NoEcho: true\n  Default: @\n",
    "Heroku": "heroku config:set SLACK_{upper}=@ -a bot\n",
    "Fly": "fly secrets set SLACK_{upper}=@\n",
    "gh": "gh secret set SLACK_{upper} --body @\n",
    "aws ssm": "aws ssm put-parameter --name /app/slack/{kebab} --type SecureString --value @\n",
    "az": 'az keyvault secret set --vault-name v --name Slack{pascal} --value "@"\n',
    "gcloud": 'printf "@" | gcloud secrets create slack-{kebab} --data-file=-\n',
    "wrangler": "echo @ | wrangler secret put SLACK_{upper}\n",
    "vault": "vault kv put secret/slack {snake}=@\n",
    "firebase": 'firebase functions:config:set slack.{snake}="@"\n',
    "serverless.yml": "provider:\n  environment:\n    SLACK_{upper}: ${env:SLACK_{upper}, '@'}\n",
    "Ansible": "slack_{snake}: '@'\n",
    "Ansible, defaults": "bot_slack_{snake}: \"{{ lookup('env', 'X') | default('@') }}\"\n",
    "app.json": '"env": {"SLACK_{upper}": {"description": "it", "value": "@"}}\n',
    "Ruby": "SLACK_{upper} = '@'\n",
    "Ruby, configure": "Slack::Events.configure do |config|\n  config.{snake} = '@'\nend\n",
    "Ruby, fetch": "ENV.fetch('SLACK_{upper}', '@')\n",
    "Ruby, symbols": "slack: {\n  :{snake} => '@'\n}\n",
    "Rails credentials": "slack:\n  {snake}: @\nsecret_key_base: x\n",
    "Python": 'SLACK_{upper} = "@"\n',
    "Python, typed": 'slack_{snake}: str = "@"\n',
    "Python, field": 'slack_{snake}: str = Field(default="@")\n',
    "Python, environ": "os.environ.get('SLACK_{upper}', '@')\n",
    "Python, dict": "SLACK = {\n    'channel': 'x',\n    '{upper}': '@',\n}\n",
    "Python, call": 'from slack_bolt import App\n\napp = App(token=os.environ["T"], {snake}="@")\n',
    "Python, class": 'class SlackConfig:\n    channel = "x"\n    {upper} = "@"\n',
    "Python, monkeypatch": 'monkeypatch.setenv("SLACK_{upper}", "@")\n',
    "Python, item": "app.config['SLACK']['{snake}'] = '@'\n",
    "JavaScript": "process.env.SLACK_{upper} = '@';\n",
    "JavaScript, or": "const s = process.env.SLACK_{upper} || '@';\n",
    "JavaScript, object": "module.exports = { slack: { channel: 'x', {camel}: '@' } };\n",
    "JavaScript, library": ("const { App } = require('\0slack/bolt');\nconst app = new App({\n  {camel}: '@',\n});\n"),
    "TypeScript": "const slack{pascal}: string = '@';\n",
    "Go": 'const slack{pascal} = "@"\n',
    "Go, typed": 'var Slack{pascal} string = "@"\n',
    "Go, struct": 'cfg := slack.Config{\n\tChannel: "x",\n\t{pascal}: "@",\n}\n',
    "Go, Setenv": 'os.Setenv("SLACK_{upper}", "@")\n',
    "Rust": 'const SLACK_{upper}: &str = "@";\n',
    "PHP": "define('SLACK_{upper}', '@');\n",
    "PHP, array": "'slack' => [\n    'channel' => 'x',\n    '{snake}' => '@',\n],\n",
    "PHP, env": "'{snake}' => env('SLACK_{upper}', '@'),\n",
    "Elixir": 'config :app, :slack,\n  {snake}: "@"\n',
    "Swift": 'let slack{pascal} = "@"\n',
    "Clojure": '{:slack {:{kebab} "@"}}\n',
    "INI": "[slack]\nchannel = x\n{snake} = @\n",
    "INI, deep": "[integrations.slack]\n{snake}=@\n",
    "TOML": '[slack]\nchannel = "x"\n{snake} = "@"\n',
    "TOML, inline": 'slack = { channel = "x", {snake} = "@" }\n',
    "XML": "<slack>\n  <channel>x</channel>\n  <{camel}>@</{camel}>\n</slack>\n",
    "XML, one line": "<slack><channel>x</channel><{camel}>@</{camel}></slack>\n",
    "XML, one name": "<slack_{snake}>@</slack_{snake}>\n",
    "XML, property": '<property name="slack.{kebab}" value="@"/>\n',
    "XML, name and value": "<name>slack.{kebab}</name>\n<value>@</value>\n",
    "strings.xml": '<string name="slack_{snake}">@</string>\n',
    "plist": "<key>Slack{pascal}</key>\n<string>@</string>\n",
    "nginx": "fastcgi_param SLACK_{upper} @;\n",
    "systemd": 'Environment="SLACK_{upper}=@"\n',
    "Apache": "SetEnv SLACK_{upper} @\n",
    "crontab": "SLACK_{upper}=@\n0 * * * * bot\n",
    "heading": "# Slack app\nBOT=1\n{upper}=@\n",
    "comment behind": "{upper}=@  # of the Slack app\n",
    "Markdown": "The Slack {words} is `@`.\n",
    "Markdown, list": "- **Slack {words}**: `@`\n",
    "Markdown, table": "| name | value |\n|---|---|\n| SLACK_{upper} | `@` |\n",
    "HTML, table": "<tr><td>Slack {words}</td><td>@</td></tr>\n",
    "chat": "here is the slack {words}: @\n",
    "log": "INFO starting with SLACK_{upper}=@ port=3000\n",
    "percent": "next=SLACK_{upper}%3D@%26x%3D1\n",
    "HTML, quotes": "&quot;slack_{snake}&quot;:&quot;@&quot;\n",
    "SQL": "INSERT INTO settings VALUES ('slack_{snake}', '@');\n",
    "page of the app": "Slack API: Your Apps\nApp Credentials\n{id}\n\n{title}\n\n```\n@\n```\n",
    "apps.manifest.create": (
        '{"ok": true, "app_id": "A012ABCD0A0", "credentials": {"client_id": "{id}", "{snake}": "@"},'
        ' "oauth_authorize_url": "https://slack.com/oauth/v2/authorize"}\n'
    ),
}
OWN = {  # formats of one of them
    "slack-signing-secret": {
        "beside a token": "SLACK_BOT_TOKEN=\nPORT=3000\n{upper}=@\n",
        "bolt, Java": (
            'import com.slack.api.bolt.App;\n'
            'var c = AppConfig.builder().singleTeamBotToken("x").{camel}("@").build();\n'
        ),
        "receiver": (
            "import { ExpressReceiver } from '\0slack/bolt';\n"
            "const r = new ExpressReceiver({ {camel}: '@' });\n"
        ),
        "events adapter, JavaScript": (
            "const { createEventAdapter } = require('\0slack/events-api');\n"
            "const e = createEventAdapter('@');\n"
        ),
        "events adapter, Python": (
            'from slackeventsapi import SlackEventAdapter\n'
            'a = SlackEventAdapter("@", "/slack/events", app)\n'
        ),
        "verifier, Go": 'import "github.com/slack-go/slack"\nsv, err := slack.NewSecretsVerifier(r.Header, "@")\n',
        "verifier, Python": 'from slack_sdk.signature import SignatureVerifier\nv = SignatureVerifier("@")\n',
        "key": "SLACK_SIGNING_KEY=@\n",
        "secret signing key": "SLACK_SECRET_SIGNING_KEY=@\n",
        "C#, SlackNet": 'using SlackNet.AspNetCore;\napp.UseSlackNet(c => c.Use{pascal}("@"));\n',
        "spelled wrong": "slack.token.singing-secret=@\n",
    },
    "slack-client-secret": {
        "OAuth address": "https://slack.com/api/oauth.v2.access?client_id={id}&client_secret=@&code=x\n",
        "OAuth address, no id": "https://slack.com/api/oauth.access?client_secret=@&code=x\n",
        "curl -d": "curl -d client_id={id} -d client_secret=@ https://slack.com/api/oauth.v2.access\n",
        "curl -F": "curl -F 'code=1' -F 'client_secret=@' https://slack.com/api/oauth.v2.access\n",
        "before the address": (
            'CLIENT_ID = "{id}"\nCLIENT_SECRET = "@"\nURL = "https://slack.com/api/oauth.v2.access"\n'
        ),
        "before the address, no id": 'CLIENT_SECRET = "@"\nURL = "https://slack.com/oauth/authorize"\n',
        "omniauth": "use OmniAuth::Builder do\n  provider :slack, '{id}', '@', scope: 'identify'\nend\n",
        "devise": 'config.omniauth :slack, "{id}", "@"\n',
        "python-social-auth": "SOCIAL_AUTH_SLACK_KEY = '{id}'\nSOCIAL_AUTH_SLACK_SECRET = '@'\n",
        "python-social-auth, no key": "SOCIAL_AUTH_SLACK_SECRET = '@'\n",
        "app secret": "SLACK_APP_SECRET=@\n",
        "API secret": "slackApiSecret: '@'\n",
        "OAuth secret": 'slack_oauth2_secret = "@"\n',
        "secret": "SLACK_SECRET='@'\n",
        "grant": '{"slack": {"key": "{id}", "secret": "@"}}\n',
        "allauth": "'slack': {\n    'APP': {\n        'client_id': '{id}',\n        'secret': '@',\n    }\n},\n",
        "next-auth": (
            "import SlackProvider from 'next-auth/providers/slack';\n"
            "providers: [SlackProvider({ clientId: 'x', clientSecret: '@' })]\n"
        ),
        "passport": "passport.use(new SlackStrategy({\n    clientID: 'x',\n    clientSecret: '@',\n  }, done));\n",
        "call": 'client.oauth_v2_access(client_id="{id}", client_secret="@", code=code)  # slack\n',
        "bolt": (
            "import { App } from '\0slack/bolt';\n"
            "new App({ clientId: 'x', clientSecret: '@', stateSecret: 'y' });\n"
        ),
        "bolt, Python": (
            'from slack_bolt.oauth.oauth_settings import OAuthSettings\n'
            'OAuthSettings(client_id="x", client_secret="@")\n'
        ),
        "Spring": (
            "spring:\n  security:\n    oauth2:\n      client:\n        registration:\n          slack:\n"
            "            client-secret: @\n"
        ),
        "Socialite": (
            "'slack' => [\n    'client_id' => 'x',\n    'client_secret' => '@',\n    'redirect' => 'y',\n"
            "],\n"
        ),
        "Terraform, provider": (
            'resource "auth0_connection" "slack" {\n  options {\n    client_secret = "@"\n  }\n}\n'
        ),
    },
    "slack-verification-token": {
        "verify": "SLACK_VERIFY_TOKEN=@\n",
        "comment behind, with a name": "agent = SlackInput('x',\n    '@',  # slack verification token\n    True)\n",
        "beside a token": "SLACK_TOKEN=\nVERIFICATION_TOKEN=@\n",
    },
}  # fmt: skip


def named(template: str, words: str, seed: int) -> str:
    """`template` with the name that these words make, and an app's id."""
    parts = words.split()
    camel = parts[0] + "".join(part.capitalize() for part in parts[1:])
    forms = {
        "snake": "_".join(parts), "kebab": "-".join(parts), "camel": camel, "pascal": camel[0].upper() + camel[1:],
        "upper": "_".join(parts).upper(), "words": words, "title": words.title(),
        "id": f"{number(seed, 12)}.{number(seed + 1, 13)}",
    }  # fmt: skip
    for form, text in forms.items():
        template = template.replace("{" + form + "}", text)
    return template


def written(template: str, rule: str, seed: int) -> tuple[str, str]:
    """A text with a secret in it that `rule` is to find, and the secret."""
    secret = value(rule, seed)
    return named(template, NAMES[rule], seed).replace("@", secret).replace("\0", "@"), secret


def value(rule: str, seed: int) -> str:
    """One as Slack issues it."""
    if rule != "slack-verification-token":
        return hexes(seed, 32)
    return letters(seed, 20) + draw(seed, "ABCDEFGHJK", 2) + draw(seed, "abcdefghjk", 2)


def formats(rule: str) -> dict[str, str]:
    """All formats in which the secret of a rule is written."""
    return EACH | OWN[rule]
