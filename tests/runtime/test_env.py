"""Reading the environment and `.env`: right values arrive, wrong ones are one clear line."""

from datetime import date

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from dashboard.env import Environment, read_dotenv


def dotenv(tmp_path, text: str):
    path = tmp_path / ".env"
    path.write_text(text, encoding="utf-8")
    return path


def test_dotenv_reads_names_values_quotes_and_comments(tmp_path):
    path = dotenv(
        tmp_path,
        """\ufeff# a comment

PLAIN=one two
export EXPORTED=yes
DOUBLE="with # inside" # and a comment
SINGLE=' kept '
PASSWORD=a#b=c$d
EMPTY=
""",
    )
    assert read_dotenv(path) == {
        "PLAIN": "one two",
        "EXPORTED": "yes",
        "DOUBLE": "with # inside",
        "SINGLE": " kept ",
        "PASSWORD": "a#b=c$d",
        "EMPTY": "",
    }


def test_an_absent_dotenv_holds_nothing(tmp_path):
    assert read_dotenv(tmp_path / ".env") == {}


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("SUNDIAL_TODAY 2023-12-08", "expected NAME=value"),
        ("1NAME=x", "expected NAME=value"),
        ('SECRET_KEY="half', "the quotes of SECRET_KEY do not match up"),
        ("SECRET_KEY='a' b", "the quotes of SECRET_KEY do not match up"),
    ],
)
def test_a_broken_dotenv_line_is_named_by_file_and_line(tmp_path, line, complaint):
    path = dotenv(tmp_path, f"GOOD=1\n\n{line}\n")
    with pytest.raises(ImproperlyConfigured) as error:
        read_dotenv(path)
    assert str(error.value) == f"{path}, line 3: {complaint}"


def test_a_dotenv_that_is_no_text_is_named(tmp_path):
    path = tmp_path / ".env"
    path.write_bytes(b"A=\xff\xfe")
    with pytest.raises(ImproperlyConfigured, match="cannot be read"):
        read_dotenv(path)


@given(text=st.text(max_size=200))
def test_any_text_is_either_read_or_refused_in_one_line(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("dotenv") / ".env"
    path.write_text(text, encoding="utf-8", errors="replace")
    problem = ""
    values: dict[str, str] = {}
    try:
        values = read_dotenv(path)
    except ImproperlyConfigured as error:
        problem = str(error)
    assert "\n" not in problem
    assert all(name.isidentifier() for name in values)


@given(value=st.from_regex(r"[!-&(-~]+( [!-&(-~]+)*", fullmatch=True))
def test_a_value_in_single_quotes_arrives_as_it_was_written(tmp_path_factory, value):
    path = dotenv(tmp_path_factory.mktemp("dotenv"), f"NAME='{value}'\n")
    assert read_dotenv(path) == {"NAME": value}


def test_values_are_typed_and_empty_means_unset():
    env = Environment(
        {"FLAG": "Yes", "NUMBER": "12", "DAYS": "30, 7,0", "HOSTS": "a, b,", "DAY": "2023-12-08", "EMPTY": ""}
    )
    assert env.flag("FLAG") is True
    assert env.flag("EMPTY", default=True) is True
    assert env.number("NUMBER", 5) == 12
    assert env.number("EMPTY", 5) == 5
    assert env.numbers("DAYS", [1]) == [30, 7, 0]
    assert env.numbers("EMPTY", [1]) == [1]
    assert env.texts("HOSTS", []) == ["a", "b"]
    assert env.day("DAY") == date(2023, 12, 8)
    assert env.day("EMPTY") is None
    assert env.text("EMPTY", "default") == "default"


@pytest.mark.parametrize(
    ("read", "complaint"),
    [
        (lambda env: env.flag("NAME"), "NAME must be 1 or 0, not 'oops!'"),
        (lambda env: env.number("NAME", 1), "NAME must be a whole number, not 'oops!'"),
        (lambda env: env.numbers("NAME", []), "NAME must be a whole number, not 'oops!'"),
        (lambda env: env.day("NAME"), "NAME must be a day such as 2023-12-08, not 'oops!'"),
        (lambda env: env.choice("NAME", "en", frozenset({"en", "zh"})), "NAME must be one of en, zh, not 'oops!'"),
        (lambda env: env.database("NAME", ""), "NAME must start with sqlite:/// or postgres://"),
        (lambda env: env.mail("NAME"), "NAME must be an address such as smtp+tls://user:password@host:587"),
    ],
)
def test_a_wrong_value_is_named_with_what_would_be_right(read, complaint):
    with pytest.raises(ImproperlyConfigured) as error:
        read(Environment({"NAME": "oops!"}))
    assert str(error.value) == complaint


@pytest.mark.parametrize("url", ["postgres://me:s3cret@host:port/name", "postgres://me:s3cret@host", "s3cret"])
def test_a_wrong_database_address_never_shows_its_password(url):
    with pytest.raises(ImproperlyConfigured) as error:
        Environment({"DATABASE_URL": url}).database("DATABASE_URL", "")
    assert "s3cret" not in str(error.value)


def test_database_and_mail_addresses_become_settings():
    env = Environment(
        {
            "DATABASE_URL": "postgres://me:p%40ss@db.example.com:5433/sundial",
            "EMAIL_URL": "smtp+tls://me:pass@mail.example.com:587",
        }
    )
    database = env.database("DATABASE_URL", "sqlite:///x")
    assert (database["NAME"], database["HOST"], database["PORT"]) == ("sundial", "db.example.com", 5433)
    assert database["PASSWORD"] == "p@ss"
    mail = env.mail("EMAIL_URL")
    assert (mail["EMAIL_HOST"], mail["EMAIL_PORT"], mail["EMAIL_USE_TLS"]) == ("mail.example.com", 587, True)
    assert env.mail("NOT_SET") == {}


def test_a_secret_file_wins_and_loses_only_its_line_end(tmp_path):
    (tmp_path / "secret").write_text(" s3cret \n")
    env = Environment({"SECRET_KEY": "plain", "SECRET_KEY_FILE": str(tmp_path / "secret")})
    assert env.text("SECRET_KEY") == " s3cret "


def test_a_missing_secret_file_is_named(tmp_path):
    env = Environment({"SECRET_KEY_FILE": str(tmp_path / "absent")})
    with pytest.raises(ImproperlyConfigured, match=r"SECRET_KEY_FILE cannot be read: .*absent"):
        env.text("SECRET_KEY")


@pytest.mark.parametrize("secret", ["$HOME", "$$", "{x}", "a,b", " padded "])
def test_a_secret_is_never_taken_for_anything_else(secret):
    assert Environment({"SECRET_KEY": secret, "HOME": "/root"}).text("SECRET_KEY") == secret


@pytest.mark.parametrize("numbers", ["1,,2", " 1 , 2 ,"])
def test_empty_places_in_a_list_are_nothing(numbers):
    env = Environment({"DAYS": numbers, "HOSTS": "a, ,b"})
    assert env.texts("HOSTS", []) == ["a", "b"]
    assert env.numbers("DAYS", []) == [1, 2]


@pytest.mark.parametrize("text", ["-1", "1.5", "٣", "1_000", "9" * 10])
def test_a_number_is_whole_ascii_and_of_a_size_that_makes_sense(text):
    with pytest.raises(ImproperlyConfigured, match="NAME must be a whole number"):
        Environment({"NAME": text}).number("NAME", 1)


@pytest.mark.parametrize(
    "key", ["secret", "a" * 64, "changeme" * 8, "django-insecure-" + "x7f!q" * 10, "abc123" * 20]
)
def test_a_secret_key_that_can_be_guessed_is_refused_and_not_shown(key):
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY can be guessed") as error:
        Environment({"SECRET_KEY": key}).secret_key("SECRET_KEY", "")
    assert key not in str(error.value)


@pytest.mark.parametrize("key", ["9f86d081884c7d659a2feaa0c55ad015", "Zq4k_t7-Vb2nX9wLr8mPc3sHd6yJf1gEa5uTi0oQ"])
def test_a_secret_key_of_many_bits_is_used(key):
    assert Environment({"SECRET_KEY": key}).secret_key("SECRET_KEY", "") == key
