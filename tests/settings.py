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
