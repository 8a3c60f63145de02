"""One settings file, read from the environment. Defaults run on a laptop with nothing configured.

``docs/operations.md`` lists every variable. In production (``PRODUCTION=true``) a missing secret
stops the start.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from cryptography.fernet import Fernet
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

env = environ.Env()

# --- What kind of installation this is -------------------------------------------------------

PRODUCTION = env.bool("PRODUCTION", default=False)
DEBUG = env.bool("DEBUG", default=False)
DEMO = env.bool("DEMO", default=False)
if DEMO and PRODUCTION:
    raise ImproperlyConfigured(
        "DEMO and PRODUCTION are both set: everybody knows a demo's passwords and moves its clock."
    )


def _secret(name: str, *, default: str) -> str:
    """A secret from the environment; only a laptop may do without."""
    value: str = env.str(name, default="")
    if value:
        return value
    if PRODUCTION:
        raise ImproperlyConfigured(f"Set {name}: production does not start without it.")
    return default


SECRET_KEY = _secret("SECRET_KEY", default="only-for-this-laptop-" + "x" * 50)
# Fernet keys, newest first: the first encrypts, all decrypt (docs/operations.md, rotation).
ENCRYPTION_KEYS = [
    key.strip()
    for key in _secret(
        "ENCRYPTION_KEYS", default="bGFwdG9wLWxhcHRvcC1sYXB0b3AtbGFwdG9wLWxhcHQ="
    ).split(",")
]
for _key in ENCRYPTION_KEYS:
    try:
        Fernet(_key)
    except ValueError:
        raise ImproperlyConfigured(
            "ENCRYPTION_KEYS holds something that is no Fernet key (docs/operations.md)."
        ) from None
PUBLIC_URL = env.str("PUBLIC_URL", default="http://127.0.0.1:8000").rstrip("/")
# The path below which everything is, such as ``/desk``; usually nothing.
FORCE_SCRIPT_NAME = urlsplit(PUBLIC_URL).path or None
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "testserver"])
CSRF_TRUSTED_ORIGINS = ["{0.scheme}://{0.netloc}".format(urlsplit(PUBLIC_URL))]

# --- Applications ----------------------------------------------------------------------------

INSTALLED_APPS = [
    "config.apps.ConfigConfig",
    "accounts.apps.AccountsConfig",
    "licensing.apps.LicensingConfig",
    "numbers.apps.NumbersConfig",
    "telephony.apps.TelephonyConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "django_countries",
    "django_htmx",
    "django_filters",
    "django_q",
    "rest_framework",
    "drf_spectacular",
    "csp",
]

MIDDLEWARE = [
    "config.middleware.RequestIdMiddleware",
    "config.addresses.PublicAddressMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.UncachedMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.intake.IntakeMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.looking.LookMiddleware",
    "accounts.coming_from.ComingFromMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "config.middleware.WrongMethodMiddleware",
]

ROOT_URLCONF = "demo.urls" if DEMO else "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

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
                "csp.context_processors.nonce",
                "accounts.context_processors.console",
                "licensing.context_processors.grace",
                *(["demo.context_processors.rehearsal"] if DEMO else []),
            ],
            "builtins": ["config.templatetags.console"],
        },
    },
]

# --- Storage ---------------------------------------------------------------------------------

DATABASES: dict[str, Any] = {
    "default": env.db_url("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'numberdesk.sqlite3'}")
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        # A deferred transaction that reads first and writes later fails at once with
        # "database is locked", whatever the timeout; an immediate one waits.
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        "timeout": 20,
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=60)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Rate limits are counted in the cache, so it must be shared by all web processes.
_ROWS = {
    "BACKEND": "config.cache.PatientDatabaseCache",
    "LOCATION": "cache",
    "OPTIONS": {"MAX_ENTRIES": 10_000},  # rows that have expired are looked for beyond these
}
CACHES = {"default": env.cache_url("CACHE_URL", default="dbcache://cache")}
if CACHES["default"]["BACKEND"].endswith("DatabaseCache"):
    CACHES["default"] |= {**_ROWS, "LOCATION": CACHES["default"]["LOCATION"]}
elif "redis" in CACHES["default"]["BACKEND"].lower():
    seconds = {"socket_connect_timeout": 1, "socket_timeout": 1}  # then the spare counts
    CACHES["default"] |= {
        "BACKEND": "config.cache.SparedRedisCache",
        "OPTIONS": seconds | CACHES["default"].get("OPTIONS", {}),
    }
    CACHES["spare"] = _ROWS

# --- Background work (docs/operations.md gives the reason for each value) ---------------------

WORKERS = env.int("WORKERS", default=2)
Q_CLUSTER = {
    "name": "numberdesk",
    "orm": "default",  # the queue shares our transactions
    "workers": WORKERS,
    "queue_limit": WORKERS,  # nothing waits in memory while its lock runs
    "bulk": 1,
    "timeout": 60,  # seconds; jobs work in slices of 20 s, so nothing comes near it
    "retry": 150,  # more than twice the timeout
    "max_attempts": 5,
    "save_limit": 0,  # keep all; a daily task prunes
    "catch_up": False,
    "poll": 0.5,
    "label": "Background work",
}

# How long a task goes on beginning new steps; then it hands the rest to a fresh task.
JOB_SLICE_SECONDS = 20
# How long a worker may be silent before another one takes its job over; more than a step takes.
JOB_LEASE_SECONDS = env.int("JOB_LEASE_SECONDS", default=45)

# --- People ----------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # an invitation reaches only who can read the mailbox
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Numberdesk] "
ACCOUNT_EMAIL_NOTIFICATIONS = True  # a changed password or second factor is told by mail
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)
MFA_TOTP_ISSUER = "Numberdesk"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_ALLOW_UNVERIFIED_EMAIL = True  # see ACCOUNT_EMAIL_VERIFICATION

# Sign-in by OpenID Connect. Without an issuer nothing of it can be reached.
OIDC_ISSUER = env.str("OIDC_ISSUER", default="").rstrip("/")
OIDC_NAME = env.str("OIDC_NAME", default="single sign-on")
OIDC_CLIENT_ID = env.str("OIDC_CLIENT_ID", default="")
OIDC_CLIENT_SECRET = env.str("OIDC_CLIENT_SECRET", default="")
if OIDC_ISSUER and not (OIDC_CLIENT_ID and OIDC_CLIENT_SECRET):
    raise ImproperlyConfigured("OIDC_ISSUER needs OIDC_CLIENT_ID and OIDC_CLIENT_SECRET.")
SOCIALACCOUNT_ADAPTER = "accounts.adapter.SingleSignOnAdapter"
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {}
if OIDC_ISSUER:
    SOCIALACCOUNT_PROVIDERS["openid_connect"] = {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                # Logins are kept by it: the same subject elsewhere is somebody else.
                "provider_id": OIDC_ISSUER,
                "name": OIDC_NAME,
                "client_id": OIDC_CLIENT_ID,
                "secret": OIDC_CLIENT_SECRET,
                "settings": {"server_url": OIDC_ISSUER},
            }
        ],
    }

EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
# A demo goes by its stand-in's clock, and keeps its mails in a folder where a page shows them.
DEMO_CLOCK = VAR_DIR / "demo-clock.json" if DEMO else None
DEMO_MAILS = VAR_DIR / "demo-mails"
if DEMO:
    EMAIL_BACKEND = "demo.mails.Mailbox"
DEFAULT_FROM_EMAIL = env.str(
    "DEFAULT_FROM_EMAIL", default="Numberdesk <no-reply@numberdesk.example>"
)
SERVER_EMAIL = DEFAULT_FROM_EMAIL
SUPPORT_EMAIL = env.str("SUPPORT_EMAIL", default="support@numberdesk.example")
# Where the help link leads besides our own help page, for instance a live chat (S0-30).
SUPPORT_CHAT_URL = env.str("SUPPORT_CHAT_URL", default="")

# --- Language and time -----------------------------------------------------------------------

LANGUAGE_CODE = "en-us"
COUNTRIES_OVERRIDE = {"US": "United States", "XK": "Kosovo"}  # as people say, and what ISO lacks
USE_I18N = False
TIME_ZONE = "UTC"  # storage and schedules; pages use the account's zone
USE_TZ = True

# --- Static files ----------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = env.path("STATIC_ROOT", default=VAR_DIR / "static")
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": env.str(
            "STATICFILES_BACKEND",
            default="whitenoise.storage.CompressedManifestStaticFilesStorage"
            if PRODUCTION or DEMO
            else "django.contrib.staticfiles.storage.StaticFilesStorage",
        )
    },
}
WHITENOISE_USE_FINDERS = not (PRODUCTION or DEMO)

# --- REST ------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.api_auth.ApiKeyAuthentication",
        "accounts.api_auth.BrowserSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "config.api.CursorPages",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "config.openapi.ConsoleSchema",
    "DEFAULT_THROTTLE_CLASSES": ["config.api.PerActorThrottle"],
    "DEFAULT_THROTTLE_RATES": {"actor": env.str("API_RATE", default="600/min")},
    "EXCEPTION_HANDLER": "config.api.problem_details",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Numberdesk",
    "DESCRIPTION": "The REST API of the console for a company's Twilio numbers.",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "COMPONENT_SPLIT_PATCH": False,  # what a change must name it must name in the document, too
    "ENUM_NAME_OVERRIDES": {
        "JobState": "accounts.states.JobState",
        "ItemState": "accounts.states.ItemState",
        "ActorKind": "accounts.states.ActorKind",
        "SubscriptionState": "licensing.states.SubscriptionState",
        "GraceState": "licensing.states.GraceState",
        "NumberState": "numbers.states.NumberState",
        "NumberType": "carrier.types.NumberType",
        "ConnectionState": "numbers.states.ConnectionState",
        "RefreshEvery": "numbers.states.RefreshEvery",
        "Fate": "numbers.states.Fate",
        "AgentState": "telephony.states.AgentState",
    },
}

# --- Twilio ----------------------------------------------------------------------------------

# When set, every Twilio host is reached at {base}/{first label of the host}{path}.
TWILIO_BASE_URL = env.str("TWILIO_BASE_URL", default="")
TWILIO_TIMEOUT_SECONDS = env.float("TWILIO_TIMEOUT_SECONDS", default=10)
TWILIO_RETRY_SECONDS = env.float("TWILIO_RETRY_SECONDS", default=20)
# What the calls of one step may take together, such as a look, a purchase and another look. A step
# that begins at the end of a slice must end before the queue's timeout (checked at the start).
TWILIO_STEP_SECONDS = env.float("TWILIO_STEP_SECONDS", default=30)
TWILIO_ONLY_LOOPBACK = False  # tests set it: nothing may leave this machine

# --- Licenses --------------------------------------------------------------------------------

LICENSE_PRICE = Decimal(env.str("LICENSE_PRICE", default="5.00"))
LICENSE_CURRENCY = env.str("LICENSE_CURRENCY", default="USD")
PAYMENT_GATEWAY = env.str("PAYMENT_GATEWAY", default="licensing.payments.OpenInvoice")
# A payment without an answer after this long is looked up at the gateway.
PAYMENT_PATIENCE_SECONDS = env.int("PAYMENT_PATIENCE_SECONDS", default=120)

# --- Safety ----------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = f"{FORCE_SCRIPT_NAME or ''}/"
if PUBLIC_URL.startswith("https://"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    SECURE_REDIRECT_EXEMPT = ["(^|/)(healthz|readyz)$"]
    SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True

# --- Logs ------------------------------------------------------------------------------------

LOGGING_CONFIG = "config.logs.configure"
LOGGING = {"json": env.bool("LOG_JSON", default=PRODUCTION), "level": env.str("LOG_LEVEL", "INFO")}
