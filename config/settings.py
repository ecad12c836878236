"""Django's settings. Each comes from one environment variable, listed in .env.example, or has a default."""

from logging import getLevelNamesMapping
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy

from config.addresses import broker_url, networks, site_url, with_password
from config.embedded_redis import running_redis
from config.env import env, load_dotenv, unknown_names

BASE_DIR = Path(__file__).resolve().parent.parent
UNKNOWN_SETTINGS = unknown_names(load_dotenv())  # names in .env that a system check reports

# --- Installation ----------------------------------------------------------------------------------------

INSECURE_SECRET_KEY = "insecure-key-for-a-first-look-only"  # noqa: S105
PRODUCTION = env.bool("PRODUCTION", default=False)
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default=INSECURE_SECRET_KEY)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", str.strip, default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", str.strip, default=[])
HTTPS = env.bool("HTTPS", default=PRODUCTION)
SIGNUP_OPEN = env.bool("SIGNUP_OPEN", default=not PRODUCTION)

if PRODUCTION and SECRET_KEY == INSECURE_SECRET_KEY:
    raise ImproperlyConfigured("PRODUCTION needs its own SECRET_KEY (50 random characters).")
if PRODUCTION and DEBUG:
    raise ImproperlyConfigured("PRODUCTION and DEBUG cannot both be on.")

# --- Django ------------------------------------------------------------------------------------------------

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "django_htmx",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "allauth",
    "allauth.account",
    "recognizer",
]

MIDDLEWARE = [
    "recognizer.http.middleware.RequestIdMiddleware",
    "recognizer.http.middleware.MetricsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "recognizer.http.response_headers.ContentPolicyMiddleware",
    "recognizer.http.response_headers.ResponseHeadersMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "recognizer.http.middleware.BodyLimitMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "recognizer.http.middleware.LoginMiddleware",
    "recognizer.http.middleware.AccountBudgetMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "recognizer.http.middleware.TimeZoneMiddleware",
    "recognizer.http.middleware.ProblemMiddleware",
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
                "recognizer.http.template_context.appearance",
                "recognizer.http.template_context.notices",
            ],
        },
    },
]


# Whether an answer is given only after its picture and its rows are on the disk. Without it they survive a killed
# process as well, but a power failure may undo the last seconds.
SURVIVE_POWER_LOSS = env.bool("SURVIVE_POWER_LOSS", default=True)


def database(default: str) -> dict[str, Any]:
    config: dict[str, Any] = env.db("DATABASE_URL", default=default)
    config["PASSWORD"] = env.str("DATABASE_PASSWORD", default="") or config["PASSWORD"]
    if config["ENGINE"] == "django.db.backends.sqlite3":
        config["ENGINE"] = "config.sqlite"
        config["CONN_MAX_AGE"] = None
        config["OPTIONS"] = {
            # A transaction that reads first and writes later would otherwise fail with "database is locked".
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA cache_size=-4000;"
            f" PRAGMA synchronous={'FULL' if SURVIVE_POWER_LOSS else 'NORMAL'};",
        }
    else:
        config["CONN_MAX_AGE"] = 600
        config["CONN_HEALTH_CHECKS"] = True
        if not SURVIVE_POWER_LOSS:
            given = config.get("OPTIONS", {})
            options = f"{given.get('options', '')} -c synchronous_commit=off".strip()
            config["OPTIONS"] = given | {"options": options}
    return config


DATABASES = {"default": database(default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}")}

LANGUAGE_CODE = "en"
# Only complete translations: a page in two languages at once is of no use.
LANGUAGES = [("en", "English")]
FORMAT_MODULE_PATH = "config.formats"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

# --- Accounts ----------------------------------------------------------------------------------------------

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = reverse_lazy("desk")
LOGOUT_REDIRECT_URL = LOGIN_URL
PASSWORD_RESET_TIMEOUT = 3600  # seconds
PASSWORD_HASHERS = ["recognizer.login.hashers.Argon2Hasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

# django-allauth keeps the e-mail addresses and the steps of a login. Limits and mails are the product's own.
ACCOUNT_ADAPTER = "recognizer.login.account_adapter.AccountAdapter"
ACCOUNT_RATE_LIMITS = False
ACCOUNT_REAUTHENTICATION_METHODS = ["password"]
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60  # seconds for which a login counts as fresh
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS = PASSWORD_RESET_TIMEOUT / (24 * 3600)

# --- Mail --------------------------------------------------------------------------------------------------

EMAIL_HOST = env.str("EMAIL_HOST", default="")
EMAIL_PORT = env.int("EMAIL_PORT", default=587, at_least=1)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", default=True)
EMAIL_USE_SSL = env.bool("EMAIL_USE_SSL", default=False)
EMAIL_TIMEOUT = 10  # seconds; a worker does nothing else meanwhile
EMAIL_BACKEND = env.str(
    "EMAIL_BACKEND", default=f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend"
)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="digitscribe@localhost")
# The address of this installation for links in mails, without a slash at the end.
SITE_URL = env.str("SITE_URL", default="").rstrip("/") or site_url(
    ALLOWED_HOSTS, https=HTTPS, port=env.int("PORT", default=8000)
)

if EMAIL_USE_TLS and EMAIL_USE_SSL:
    raise ImproperlyConfigured("EMAIL_USE_TLS and EMAIL_USE_SSL cannot both be on.")

# --- Files -------------------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = env.path("STATIC_ROOT", default=BASE_DIR / "staticfiles")
MEDIA_ROOT = env.path("MEDIA_ROOT", default=BASE_DIR / "media")
# Where pictures, feature maps, exports and models are: on the disk, or in an object store that speaks S3.
MEDIA_STORAGES: dict[str, dict[str, Any]] = {
    "disk": {"BACKEND": "recognizer.storage.disk.AtomicFileSystemStorage"},
    "s3": {
        "BACKEND": "recognizer.storage.object_store.ObjectStorage",
        "OPTIONS": {
            "bucket_name": env.str("S3_BUCKET", default=""),
            "endpoint_url": env.str("S3_ENDPOINT", default="") or None,
            "region_name": env.str("S3_REGION", default="us-east-1"),
            "access_key": env.str("S3_ACCESS_KEY", default="") or None,
            "secret_key": env.str("S3_SECRET_KEY", default="") or None,
            "location": env.str("S3_PREFIX", default="").strip("/"),
        },
    },
}
MEDIA_STORAGE = env.str("MEDIA_STORAGE", default="disk")
if MEDIA_STORAGE == "recognizer.storage.AtomicFileSystemStorage":  # what the first .env.example set
    MEDIA_STORAGE = "disk"
MEDIA_MOVED_FROM = env.str("MEDIA_MOVED_FROM", default="")  # while `manage.py move_media` moves the files


def media_storage(name: str, moved_from: str) -> dict[str, Any]:
    """Return the storage of media: one of those above, another class, or both while files are moved."""
    if name not in MEDIA_STORAGES and "." not in name:
        raise ImproperlyConfigured(f"MEDIA_STORAGE must be disk, s3 or a storage class, not {name!r}.")
    if not moved_from:
        return MEDIA_STORAGES.get(name, {"BACKEND": name})
    if {name, moved_from} != set(MEDIA_STORAGES):
        raise ImproperlyConfigured("MEDIA_MOVED_FROM must be the other one of disk and s3 than MEDIA_STORAGE.")
    return {"BACKEND": "recognizer.storage.moving.MovingStorage", "OPTIONS": {"old": moved_from, "new": name}}


STORAGES = {
    "default": media_storage(MEDIA_STORAGE, MEDIA_MOVED_FROM),
    **MEDIA_STORAGES,
    "staticfiles": {"BACKEND": "recognizer.storage.disk.HashedStaticFilesStorage"},
}
FILE_UPLOAD_PERMISSIONS = 0o640  # nginx reads them as a member of the group
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o750
FILE_UPLOAD_HANDLERS = [
    "recognizer.http.upload_handlers.LimitUploadHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "recognizer.http.upload_handlers.PassingTemporaryFileUploadHandler",
]
# Copies of the models that lie in the storage, by digest.
MODEL_CACHE_ROOT = env.path("MODEL_CACHE_ROOT", default=BASE_DIR / ".run" / "models")
# The prefix of an `internal` nginx location over MEDIA_ROOT, which sends files after a view has allowed it.
MEDIA_ACCEL_PREFIX = env.str("MEDIA_ACCEL_PREFIX", default="")

# 64 hexadecimal digits, with which backups are encrypted
BACKUP_KEY = env.str("BACKUP_KEY", default="")
# The object store of backups in s3://BUCKET/PREFIX: that of the pictures, where nothing else is set.
BACKUP_STORE = {
    "endpoint_url": env.str("BACKUP_S3_ENDPOINT", default="") or MEDIA_STORAGES["s3"]["OPTIONS"]["endpoint_url"],
    "region_name": env.str("BACKUP_S3_REGION", default="") or MEDIA_STORAGES["s3"]["OPTIONS"]["region_name"],
    "access_key": env.str("BACKUP_S3_ACCESS_KEY", default="") or MEDIA_STORAGES["s3"]["OPTIONS"]["access_key"],
    "secret_key": env.str("BACKUP_S3_SECRET_KEY", default="") or MEDIA_STORAGES["s3"]["OPTIONS"]["secret_key"],
}

# --- Security ----------------------------------------------------------------------------------------------

SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = ["^(livez|healthz|readyz|metrics)$"]  # asked from within the network, without a proxy
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS and env.bool("HSTS_PRELOAD", default=False)
SILENCED_SYSTEM_CHECKS = ["security.W021"]  # preloading binds the whole domain for years: the operator decides
if env.bool("BEHIND_PROXY", default=HTTPS):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-sessionid" if HTTPS else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if HTTPS else "csrftoken"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "recognizer.views.errors.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "blob:", "data:"],
        "connect-src": [SELF],
        "font-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
}

# Where gunicorn listens, if not on 127.0.0.1:PORT; a system check compares it with NUM_PROXIES.
BIND = env.str("BIND", default="")
# How many addresses at the end of X-Forwarded-For were written by our own proxies.
NUM_PROXIES = env.int("NUM_PROXIES", default=0)

# --- REST --------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        # First, since its WWW-Authenticate header makes a missing login 401 instead of 403.
        "recognizer.api.authentication.TokenAuthentication",
        "recognizer.api.authentication.LoginAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "recognizer.api.authentication.TokenHasScope",
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "recognizer.api.requests.parsers.LimitedJSONParser",
    ],
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "recognizer.api.problems.problem_response",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Digitscribe",
    "DESCRIPTION": "Reads handwritten digits and numbers, and remembers what it read.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "COMPONENT_SPLIT_PATCH": False,
    "ENUM_NAME_OVERRIDES": {
        "CorrectionKind": ["confirm", "correct", "not_a_digit"],
        "StatementKind": ["confirm", "not_a_digit", "undo"],
        "LayerKind": ["conv", "pool"],
        "TurnKind": ["gap", "stroke"],
        "ExportState": ["running", "ready", "failed"],
    },
}

# --- Background work (config/celery.py explains the values) -----------------------------------

REDIS_URL = with_password(
    env.str("REDIS_URL", default="")
    or running_redis(env.path("RUN_ROOT", default=BASE_DIR / ".run") / "redis")
    or "redis://127.0.0.1:6379/0",
    env.str("REDIS_PASSWORD", default=""),
)
BROKER_URL = broker_url(REDIS_URL)
QUEUE_PREFIX = env.str("QUEUE_PREFIX", default="digitscribe")
WORKER_CONCURRENCY = env.int("WORKER_CONCURRENCY", default=1, at_least=1)
WORKER_MEMORY_MB = env.int("WORKER_MEMORY_MB", default=400, at_least=100)
JOB_SOFT_LIMIT_SECONDS = env.int("JOB_SOFT_LIMIT_SECONDS", default=20, at_least=1)
JOB_HARD_LIMIT_SECONDS = env.int("JOB_HARD_LIMIT_SECONDS", default=30, at_least=2)
JOB_LEASE_SECONDS = JOB_HARD_LIMIT_SECONDS + 5  # above the hard limit, so that a running job is never claimed twice
JOB_MAX_ATTEMPTS = 3
# The folder that `manage.py watch` reads without arguments, and which `make run` watches
WATCH_FOLDER = env.str("WATCH_FOLDER", default="")
WATCH_USER = env.str("WATCH_USER", default="")
WATCH_PRESET = env.str("WATCH_PRESET", default="")
# Training with corrections: MNIST as a folder of IDX files or an .npz (empty: downloaded), and the files of trainings
TRAINING_DATA = env.str("TRAINING_DATA", default="")
TRAINING_ROOT = env.path("TRAINING_ROOT", default=BASE_DIR / "runs")
TRAINING_PERSON_PERCENT = env.int("TRAINING_PERSON_PERCENT", default=25, at_least=1)
TRAINING_NIGHTLY_FROM = env.int("TRAINING_NIGHTLY_FROM", default=0, at_least=0)  # new corrections; 0: none at night
TRAINING_EFFORT_PERCENT = env.int("TRAINING_EFFORT_PERCENT", default=100, at_least=1)
SWEEP_EVERY_SECONDS = env.int("SWEEP_EVERY_SECONDS", default=10, at_least=1)

# --- Limits ------------------------------------------------------------------------------------------------

DELETED_UPLOADS_KEPT_DAYS = env.int("DELETED_UPLOADS_KEPT_DAYS", default=7)
PICTURES_KEPT_DAYS = env.int("PICTURES_KEPT_DAYS", default=0)  # 0: for ever
API_REQUESTS_PER_USER = env.int("API_REQUESTS_PER_USER", default=12_000, at_least=1)  # a minute
API_REQUESTS_PER_ADDRESS = env.int("API_REQUESTS_PER_ADDRESS", default=24_000, at_least=1)
PREVIEWS_PER_USER = env.int("PREVIEWS_PER_USER", default=1_200, at_least=1)  # a minute; a pad sends up to 13 a second
PREVIEWS_PER_ADDRESS = env.int("PREVIEWS_PER_ADDRESS", default=600, at_least=0)  # of visitors; 0: no pad for them
READINGS_AT_ONCE = env.int("READINGS_AT_ONCE", default=3, at_least=1)  # fewer than WEB_THREADS
OLD_CLIENTS = env.bool("OLD_CLIENTS", default=True)
LOGINS_PER_ADDRESS = env.int("LOGINS_PER_ADDRESS", default=50, at_least=1)
MAILS_PER_ADDRESS = env.int("MAILS_PER_ADDRESS", default=5, at_least=1)
LOGINS_PER_NAME = env.int("LOGINS_PER_NAME", default=10, at_least=1)
AUDITED_SHARE = min(env.int("AUDITED_PERCENT", default=2), 100) / 100
QUOTA_PICTURES = env.int("QUOTA_PICTURES", default=1_000_000, at_least=1)
QUOTA_BYTES = env.int("QUOTA_BYTES", default=50 * 1024**3, at_least=1)
DISK_FLOOR_BYTES = env.int("DISK_FLOOR_BYTES", default=512 * 1024**2, at_least=0)

# --- Monitoring --------------------------------------------------------------------------------------------

# Who may read /metrics: whoever sends the token, or has one of the addresses. Without both nothing is counted.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
METRICS_ADDRESSES = networks(env.list("METRICS_ADDRESSES", str.strip, default=[]))
METRICS_ROOT = env.path("METRICS_ROOT", default=BASE_DIR / ".run" / "metrics")

LOG_LEVEL = env.str("LOG_LEVEL", default="INFO").upper()
if LOG_LEVEL not in getLevelNamesMapping():
    raise ImproperlyConfigured(f"LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR, not {LOG_LEVEL!r}.")
LOG_FORMAT = env.str("LOG_FORMAT", default="text")
if LOG_FORMAT not in ("text", "json"):
    raise ImproperlyConfigured(f"LOG_FORMAT must be text or json, not {LOG_FORMAT!r}.")
LINE = "json" if LOG_FORMAT == "json" else "line"
# The lines of the security log; an empty setting sends them where the other lines go.
SECURITY_LOG_FILE = env.str("SECURITY_LOG_FILE", default="")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "%(levelname)s %(name)s [%(request_id)s]: %(message)s"},
        "json": {"()": "recognizer.logs.lines.JsonFormatter"},
        "message": {"format": "%(message)s"},
    },
    "filters": {
        "request_id": {"()": "recognizer.logs.lines.AddRequestId"},
        "hide_secrets": {"()": "recognizer.logs.lines.HideLinkSecrets"},
        "without_traceback": {"()": "recognizer.logs.lines.WithoutTraceback"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": LINE,
            "filters": ["request_id", "hide_secrets"],
        },
        "console_without_traceback": {
            "class": "logging.StreamHandler",
            "formatter": LINE,
            "filters": ["request_id", "without_traceback"],
        },
        # The file is opened again after logrotate has moved it.
        "security": {
            "class": "logging.handlers.WatchedFileHandler",
            "filename": SECURITY_LOG_FILE,
            "encoding": "utf-8",
            "delay": True,
            "formatter": "message",
        }
        if SECURITY_LOG_FILE
        else {"class": "logging.StreamHandler", "formatter": LINE, "filters": ["request_id"]},
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    # Celery logs a line per task, and the sweep runs every few seconds.
    "loggers": {name: {"level": "WARNING"} for name in ("celery.worker.strategy", "celery.app.trace")}
    | {"django.security.DisallowedHost": {"handlers": ["console_without_traceback"], "propagate": False}}
    | {"recognizer.security": {"handlers": ["security"], "level": "INFO", "propagate": False}},
}
