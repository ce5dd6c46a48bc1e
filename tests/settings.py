"""Settings for tests: the real ones, with a state folder per process, deaf to the environment around them.

`DATABASE_URL` alone is heeded: it chooses the database that tests run on.
"""

import atexit
import os
import shutil
import tempfile

_STATE = tempfile.mkdtemp(prefix="sundial-test-")
atexit.register(shutil.rmtree, _STATE, ignore_errors=True)

for _name in list(os.environ):
    if _name.startswith("SUNDIAL_") or _name in {"REDIS_URL", "EMAIL_URL", "SECRET_KEY", "ALLOWED_HOSTS"}:
        del os.environ[_name]
os.environ["SUNDIAL_READ_DOTENV"] = "0"
os.environ["SUNDIAL_VAR"] = _STATE

from dashboard.settings import *  # noqa: E402, F403

# Servers of tests are on this host, databases also behind sockets and in files.
_SOURCES_OF_TESTS = (
    *("OPENAI_ADMIN_KEY", "ANTHROPIC_KEY", "API_KEY", "S3_KEY", "S3_SECRET", "AWS_*"),
    *("LITELLM_DB", "USAGE_DB", "OTHER_DB", "GATEWAY_DB", "WAREHOUSE", "DB"),
    *("NOT_THERE", "NOT_SET_ANYWHERE"),
)
_HOSTS_OF_TESTS = (
    "127.0.0.1",
    "localhost",
    "file",
    "host",
    "api.openai.com",
    "api.anthropic.com",
    "*.amazonaws.com",
)
SUNDIAL_SOURCE_SECRETS = dict.fromkeys(_SOURCES_OF_TESTS, _HOSTS_OF_TESTS)
SUNDIAL_ALLOWED_PRIVATE_HOSTS = ["127.0.0.1"]

ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1", "[::1]"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast; strength is not under test
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # No collectstatic, no hashed names.
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    # A file, as in production: threads and live servers lock it as processes do, which memory does not show.
    DATABASES["default"]["TEST"] = {"NAME": f"{_STATE}/test.sqlite3"}  # noqa: F405
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # noqa: F405  else WhiteNoise warns, and warnings are errors
