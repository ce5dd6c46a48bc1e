"""Settings, read once from the environment (and `.env`); `.env.example` describes every variable.

All state lives under `SUNDIAL_VAR`. A variable `NAME_FILE` names a file that holds the value of `NAME`.
"""

import hashlib
import os
import secrets
import tempfile
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from dashboard.env import Environment, read_dotenv

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = "0.1.0"

env = Environment(os.environ)
if env.flag("SUNDIAL_READ_DOTENV", default=True):
    for _name, _value in read_dotenv(BASE_DIR / ".env").items():
        os.environ.setdefault(_name, _value)

# State -------------------------------------------------------------------------------------------

VAR = Path(env.text("SUNDIAL_VAR", str(BASE_DIR / "var"))).expanduser().resolve()


def _kept_secret(path: Path) -> str:
    """The secret in `path`, made on first use; processes that start together agree on one.

    It is written beside and then linked into place, so that nobody ever reads half of it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
            draft.touch(mode=0o600, exist_ok=False)
            draft.write_text(secrets.token_urlsafe(50))
            try:
                path.hardlink_to(draft)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        secret = path.read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(f"The state folder {path.parent} cannot be used: {error}") from None
    if not secret:
        raise ImproperlyConfigured(f"{path} is empty: delete it, and a new secret is made")
    return secret


def _socket_path(folder: Path) -> Path:
    """Where the embedded broker listens; unix socket paths end near 100 bytes, so a deep folder moves it."""
    path = folder / "run" / "broker.sock"
    if len(os.fsencode(path)) <= 100:
        return path
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"sundial-{os.getuid()}-{digest}" / "broker.sock"


# Always made, so that an unusable state folder shows here, before anything else needs it.
_own_secret = _kept_secret(VAR / "secret_key")
SECRET_KEY = env.secret_key("SECRET_KEY", _own_secret)

# Web ---------------------------------------------------------------------------------------------

DEBUG = env.flag("SUNDIAL_DEBUG")
LOCAL_BASE_URL = "http://localhost:8000"
_base = env.base_url("SUNDIAL_BASE_URL", LOCAL_BASE_URL)
SUNDIAL_BASE_URL = str(_base)
ALLOWED_HOSTS = env.texts("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]", _base.host or "localhost"])
CSRF_TRUSTED_ORIGINS = [_base.origin]
# The path of the base URL comes first in every link, redirect, static file and cookie path.
FORCE_SCRIPT_NAME = _base.path or None
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = LANGUAGE_COOKIE_PATH = f"{_base.path}/"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = _base.is_https
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _base.is_https else None
SECURE_HSTS_SECONDS = env.number("SUNDIAL_HSTS_SECONDS", 30 * 24 * 3600 if _base.is_https else 0)
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "sundial_session", "sundial_csrf"
X_FRAME_OPTIONS = "DENY"

ROOT_URLCONF = "dashboard.urls"
WSGI_APPLICATION = "dashboard.wsgi.application"
INSTALLED_APPS = [
    "dashboard",
    "dashboard.core",
    "dashboard.access",
    "dashboard.catalog",
    "dashboard.usage",
    "dashboard.findings",
    "dashboard.alerts",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "csp",
    "dashboard.access.apps.SignInsConfig",
]
MIDDLEWARE = [
    "dashboard.web.system.middleware.ProbeMiddleware",
    "dashboard.web.system.middleware.CookieMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "dashboard.web.common.as_of.AsOfMiddleware",
    "dashboard.access.sign_in.KnownDeviceMiddleware",
    "dashboard.web.system.middleware.NullCharacterMiddleware",
    "axes.middleware.AxesMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "dashboard.web.common.context.site",
            ],
            "builtins": ["django.templatetags.i18n", "dashboard.web.templatetags.constant"],
            "libraries": {
                "listing": "dashboard.web.templatetags.listing",
                "sundial": "dashboard.web.templatetags.sundial",
            },
        },
    }
]
# Plotly writes empty <style> elements while it measures text; the hash is that of the empty string.
_EMPTY_STYLE = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF, _EMPTY_STYLE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

# People ------------------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "overview"
LOGOUT_REDIRECT_URL = "login"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
# Each is counted by itself; `dashboard.access.sign_in` has the limits.
AXES_LOCKOUT_PARAMETERS = ["username", "ip_address", ["username", "user_agent"]]
AXES_HANDLER = "dashboard.access.sign_in.SignInHandler"
AXES_CLIENT_IP_CALLABLE = "dashboard.access.sign_in.client_address"
AXES_USERNAME_CALLABLE = "dashboard.access.sign_in.account_name"
# Proxies whose X-Forwarded-For is believed.
SUNDIAL_TRUSTED_PROXIES = env.networks("SUNDIAL_TRUSTED_PROXIES")
AXES_VERBOSE = False
AXES_LOCKOUT_TEMPLATE = "registration/locked.html"
CSRF_FAILURE_VIEW = "dashboard.error_handlers.csrf_failure"

# Database, broker, cache -------------------------------------------------------------------------

DATABASES = {"default": env.database("DATABASE_URL", f"sqlite:///{VAR / 'sundial.sqlite3'}")}
# A connection that outlived a restart of the server is opened again at the next request.
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"]["CONN_MAX_AGE"] = env.number("SUNDIAL_CONN_MAX_AGE", 60)
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Web, worker and beat share the file: writers queue at BEGIN instead of failing in the middle.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-32000; "
        # Reading a page of the file is then no system call; memory is that of the file cache, shared by all.
        "PRAGMA mmap_size=1073741824;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

BROKER_SOCKET = _socket_path(VAR)
BROKER_FOLDER = VAR / "run" / "broker"
_redis = env.redis("REDIS_URL", f"unix://{quote(str(BROKER_SOCKET))}")
REDIS_URL = _redis.client
REDIS_EMBEDDED = not env.text("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "sundial",
    }
}
# Sessions stay in the database: signing in must not depend on the broker.
SESSION_ENGINE = "django.contrib.sessions.backends.db"

CELERY_BROKER_URL = _redis.broker
CELERY_BROKER_USE_SSL = _redis.broker_tls
# Work that waits for other machines (remote, feeds, mail) has queues of its own, and workers that read no
# others: a server that hangs never delays what is read and counted here. A worker without `-Q` reads all of them.
CELERY_TASK_DEFAULT_QUEUE = "ingest"
CELERY_TASK_QUEUES: dict[str, dict[str, str]] = {
    name: {} for name in ("ingest", "scan", "remote", "feeds", "mail")
}
CELERY_TASK_ROUTES = {
    "sundial.scan": {"queue": "scan"},
    "sundial.notify": {"queue": "scan"},
    "sundial.prune": {"queue": "scan"},
    "sundial.sync_catalog": {"queue": "feeds"},
    "sundial.deliver": {"queue": "mail"},
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 900
# A lost task comes back this long after its worker died; it must exceed the longest task.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 960, "global_keyprefix": "sundial:"}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
# Asked to stop, a worker gives running tasks this long, then hands them back to the broker.
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 4.0
CELERY_WORKER_HIJACK_ROOT_LOGGER = False  # LOGGING below speaks for every process
CELERY_BEAT_SCHEDULER = "dashboard.runtime.beat_scheduler.Scheduler"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR / "run" / "beat-schedule")

# Mail --------------------------------------------------------------------------------------------

EMAIL_BACKEND = "dashboard.alerts.file_backend.EmailBackend"
vars().update(env.mail("EMAIL_URL"))
if EMAIL_BACKEND == "django.core.mail.backends.smtp.EmailBackend":
    EMAIL_BACKEND = "dashboard.alerts.smtp_backend.EmailBackend"
EMAIL_TIMEOUT = 30  # for each answer of the server; the backend bounds connecting and the whole, too
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("SUNDIAL_FROM_EMAIL", "Sundial <sundial@localhost>")
MAIL_FOLDER = VAR / "mail"

# Language and time -------------------------------------------------------------------------------

LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LANGUAGE_CODE = env.choice("SUNDIAL_LANGUAGE", "en", frozenset(code for code, _ in LANGUAGES))
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "dashboard.localization"
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.text("SUNDIAL_TIME_ZONE", "UTC")
try:
    ZoneInfo(TIME_ZONE)
except (KeyError, ValueError, OSError):
    raise ImproperlyConfigured(
        f"SUNDIAL_TIME_ZONE must be a zone such as Europe/Berlin, not {TIME_ZONE!r}"
    ) from None

# Static files ------------------------------------------------------------------------------------

STATIC_URL = f"{_base.path}/static/"
STATIC_ROOT = VAR / "static"
WHITENOISE_KEEP_ONLY_HASHED_FILES = True  # the others are never asked for, and compressing them takes as long
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "dashboard.web.system.staticfiles.BundledStorage"},
}

# Sundial -----------------------------------------------------------------------------------------

SUNDIAL_TODAY = env.day("SUNDIAL_TODAY")
SUNDIAL_DEMO = env.flag("SUNDIAL_DEMO")
SUNDIAL_QUIET_DAYS = env.number("SUNDIAL_QUIET_DAYS", 7)
SUNDIAL_ALERT_DAYS = sorted(env.numbers("SUNDIAL_ALERT_DAYS", [90, 60, 30, 14, 7, 3, 1, 0]), reverse=True)
SUNDIAL_ALERT_FALLBACK = env.text("SUNDIAL_ALERT_FALLBACK")
SUNDIAL_ALERT_REPEAT_UNKNOWN = env.flag("SUNDIAL_ALERT_REPEAT_UNKNOWN")
SUNDIAL_POLL_SECONDS = env.number("SUNDIAL_POLL_SECONDS", 30)
SUNDIAL_HOURLY_DAYS = env.number("SUNDIAL_HOURLY_DAYS", 62)
SUNDIAL_PUSH_MAX_BYTES = env.number("SUNDIAL_PUSH_MAX_BYTES", 512 << 20)
SUNDIAL_FAST_PATHS = env.flag("SUNDIAL_FAST_PATHS", default=True)
SUNDIAL_WORKER_PROCESSES = env.flag("SUNDIAL_WORKER_PROCESSES", default=True)
SUNDIAL_INBOX = VAR / "inbox"
# Folders that a watch source may read, besides the inbox.
SUNDIAL_WATCH_ROOTS = [Path(p).resolve() for p in env.texts("SUNDIAL_WATCH_ROOTS", ["/var/log"])]
# Where the demo writes its story as log files.
SUNDIAL_DEMO_LOGS = VAR / "demo-logs"
if SUNDIAL_DEMO:
    SUNDIAL_WATCH_ROOTS.append(SUNDIAL_DEMO_LOGS)

# The variables that sources may use, and the hosts to which each may go: `host`, `host:port`, `*.domain`, or
# `file` for a database file or socket. These are always known; the setting adds to them.
SUNDIAL_SOURCE_SECRETS = env.destinations(
    "SUNDIAL_SOURCE_SECRETS",
    {
        "OPENAI_ADMIN_KEY": ("api.openai.com",),
        "ANTHROPIC_ADMIN_KEY": ("api.anthropic.com",),
        "AWS_*": ("*.amazonaws.com", "*.amazonaws.com.cn"),
        "LOGS_ACCESS_KEY": ("*.amazonaws.com", "*.amazonaws.com.cn"),
        "LOGS_SECRET_KEY": ("*.amazonaws.com", "*.amazonaws.com.cn"),
    },
)
# Private hosts and networks that usage APIs and object stores may be at; no others are asked.
SUNDIAL_ALLOWED_PRIVATE_HOSTS = env.texts("SUNDIAL_ALLOWED_PRIVATE_HOSTS", [])

# Feeds that the catalog is compared with every day, such as litellm or yaml=https://example.com/catalog.yaml
SUNDIAL_FEEDS = env.texts("SUNDIAL_FEEDS", [])
SUNDIAL_OPENAI_KEY = env.text("SUNDIAL_OPENAI_KEY")
SUNDIAL_AZURE_TOKEN = env.text("SUNDIAL_AZURE_TOKEN")
SUNDIAL_CATALOG_MAX_AGE = env.number("SUNDIAL_CATALOG_MAX_AGE", 45)

_log_level = env.choice("SUNDIAL_LOG_LEVEL", "INFO", frozenset({"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}))
# At INFO our own parts speak; the machinery around them says every task and request only at DEBUG.
MACHINERY_LOG_LEVEL = "WARNING" if _log_level == "INFO" else _log_level
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "dashboard.log_format.LogFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": _log_level},
    "loggers": {name: {"level": MACHINERY_LOG_LEVEL} for name in ("celery", "kombu", "axes")},
}

# What a variable may be called; a system check names the ones that are not, such as misspelt ones.
SUNDIAL_VARIABLES = frozenset(env.known)
