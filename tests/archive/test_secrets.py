from __future__ import annotations

import random
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repoops.archive.secrets import Secret, find_secrets

RANDOM = random.Random(7)  # noqa: S311 - examples that must look random and stay the same


def drawn(length: int, letters: str = string.ascii_letters + string.digits) -> str:
    """Made here, so that no scanner of this repository finds it written down."""
    return "".join(RANDOM.choice(letters) for _ in range(length))


HEX, BASE32 = "0123456789abcdef", string.ascii_uppercase + "234567"
BODY = "\n".join(drawn(64) for _ in range(4))

SECRETS = [
    ("an AWS access key", "AK" + "IA" + drawn(16, BASE32)),
    ("an AWS access key", "key (AS" + "IA" + drawn(16, BASE32) + ")"),
    ("a literal key or token", "aws_secret_access_key = " + drawn(40)),
    ("a Google API key", "?key=AI" + "za" + drawn(35)),
    ("a Google OAuth token", "ya" + "29." + drawn(60)),
    ("a GitHub token", "https://gh" + "p_" + drawn(36) + "@github.com/o/r"),
    ("a GitHub token", "github" + "_pat_" + drawn(82)),
    ("a GitLab token", "gl" + "pat-" + drawn(20)),
    ("a Slack token", "xo" + "xb-" + drawn(12, string.digits) + "-" + drawn(24)),
    ("a Slack webhook", "https://hooks.slack" + ".com/services/T" + drawn(8) + "/B" + drawn(8) + "/" + drawn(24)),
    ("a Discord webhook", "https://discord.com/api/web" + "hooks/" + drawn(18, "23456789") + "/" + drawn(68)),
    ("a Telegram bot token", drawn(10, "23456789") + ":A" + "A" + drawn(33)),
    ("an Anthropic key", "export X=sk" + "-ant-api03-" + drawn(60)),
    ("an OpenAI key", "sk" + "-proj-" + drawn(48)),
    ("an OpenAI key", "`sk" + "-" + drawn(48) + "`"),
    ("a Hugging Face token", "h" + "f_" + drawn(34)),
    ("a Stripe key", "sk" + "_live_" + drawn(24)),
    ("an npm token", "np" + "m_" + drawn(36)),
    ("a PyPI token", "py" + "pi-AgEIcHlwaS5vcmc" + drawn(60)),
    ("a SendGrid key", "S" + "G." + drawn(22) + "." + drawn(43)),
    ("a DigitalOcean token", "dop" + "_v1_" + drawn(64, HEX)),
    ("a Databricks token", "da" + "pi" + drawn(32, HEX)),
    ("a Vault token", "hv" + "s." + drawn(24)),
    ("a Tailscale key", "ts" + "key-auth-" + drawn(16) + "-" + drawn(32)),
    ("an Azure storage key", "AccountName=x;Account" + "Key=" + drawn(86) + "=="),
    ("a JSON web token", "ey" + "J" + drawn(20) + ".ey" + "J" + drawn(60) + "." + drawn(43)),
    ("a private key", "-----BEGIN OPENSSH " + "PRIVATE KEY-----\n" + BODY),
    ("a private key", '"private_key": "-----BEGIN ' + "PRIVATE KEY-----\\n" + BODY.replace("\n", "\\n")),
    ("a password in a URL", "postgresql+psycopg2://app:blue_horse_14@localhost:5433/db"),
    ("a password in a URL", "redis://:s3cr3tpw@cache:6379"),
    ("a literal password", "export PGPASSWORD=blue_horse_14"),
    ("a literal password", "--password=blue_horse_14 \\"),
    ("a literal password", "- **Password**: `blue_horse_14`"),
    ("a literal password", "**Password:** blue_horse_14"),
    ("a literal password", '{"db_password": "blue!horse"}'),
    ("a literal password", "CREATE USER app WITH PASSWORD 'bluehorse14';"),
    ("a literal password", "Contraseña: caballo_azul_14"),
    ("a literal key or token", "API_KEY=" + drawn(32)),
    ("a literal key or token", "client_secret: '" + drawn(40, HEX) + "'"),
    ("a literal key or token", "curl -H 'Authorization: Bearer " + drawn(40) + "'"),
]  # fmt: skip

HARMLESS = [
    "password authentication failed for user app",
    "DB_PASSWORD=<from the vault>",
    "DB_PASSWORD=your-password-14",
    "DB_PASSWORD=$(gcloud secrets versions access latest)",
    "DB_PASSWORD=${DB_PASSWORD_14}",
    "--set-secrets DB_PASSWORD=DB_PASSWORD:latest,API_KEY=API_KEY:latest",
    "password = os.environ['DB_PASSWORD_1']",
    "password = get_password_1()",
    "DB_PASSWORD=password",
    "DB_PASSWORD=changeme123",
    "password: ********14",
    "**Password**: see the team's vault",
    "token = response.json()['token']",
    "max_tokens: 4096",
    "tokens: 1234567890123456789012",
    "MUSD Token: `0x118917a40FAF1CD7a13dB0Ef56C86De7973Ac503`",
    "SECRET_KEY=randomly-generated-32-char-secret",
    "ANTHROPIC_API_KEY=sk-ant-your-anthropic-key-here",
    "OPENAI_API_KEY=sk-...",
    "sk-learn-pipeline-with-a-long-name",
    "AK" + "IAIOSFODNN7EXAMPLE",
    "postgres://user:password@localhost/db",
    "postgres://postgres:postgres@localhost/db",
    "amqp://rabbit14:rabbit14@localhost/",
    "postgres://{user}:{password}@{host}/db",
    "https://example.com:8080/a@b",
    "-----BEGIN " + "PRIVATE KEY-----\n...\n-----END",
    "github" + "_pat_" + drawn(30) + "***",
    "commit 118917a40faf1cd7a13db0ef56c86de7973ac503",
    "sha256:" + drawn(64, HEX),
    "https://git-secret.io and the token bucket: see docs/token_bucket_v2.md",
]


@pytest.mark.parametrize(("kind", "text"), SECRETS)
def test_a_secret_is_told_by_kind_and_line_only(kind: str, text: str) -> None:
    assert find_secrets(f"# A log\n\n{text}\n".encode()) == [Secret(kind, 3)]


@pytest.mark.parametrize("text", HARMLESS)
def test_an_example_or_a_reference_is_no_secret(text: str) -> None:
    assert find_secrets(f"# A log\n\n{text}\n".encode()) == []


def test_the_same_value_is_told_wherever_it_stands_again() -> None:
    text = b"echo blue_horse_14 | psql\n\nexport PGPASSWORD=blue_horse_14 # blue_horse_14\n"
    assert find_secrets(text) == [Secret("a literal password", 1), Secret("a literal password", 3)]


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from([text for _, text in SECRETS] + HARMLESS), max_size=4),
    st.text(alphabet=" \n:=`'\"@/(){}<>$-_aZ9é", max_size=40),
)
def test_no_text_breaks_it_and_no_answer_holds_a_secret(texts: list[str], noise: str) -> None:
    data = (noise + "\n").join(texts).encode()
    found = find_secrets(data)
    kinds = {kind for kind, _ in SECRETS}
    assert all(s.kind in kinds and 1 <= s.line <= data.count(b"\n") + 1 for s in found)
    assert [s.line for s in found] == sorted({s.line for s in found})
