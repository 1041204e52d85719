"""Django's settings. What an installation chooses comes from the environment.

docs/reference/settings.md lists it. Importing this module writes nothing.
"""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from csp.constants import NONE, SELF
from jinja2 import StrictUndefined

from qualwatch.config.keys import keys_of

STATE = Path(os.environ.get("QUALWATCH_STATE", "qualwatch-state"))  # database, raw files, keys
DEBUG = os.environ.get("QUALWATCH_DEBUG") == "1"
_keys = keys_of(STATE)
SECRET_KEY = _keys.secret
IDENTITY_KEYS = _keys.identity
LOOKUP_KEY = _keys.lookup
SEAL_KEY = _keys.seal
FORMER_SEAL_KEYS = _keys.former_seals
RAW_FILES = STATE / "raw"
STORED_FILES = STATE / "stored"
LAW_TEXTS = STATE / "law"  # loaded texts, written again from the database where missing
LAW_SECONDS = 5  # after which a process asks again which texts are in force
LETTERS = os.environ.get("QUALWATCH_LETTERS", "")  # a folder of .docx templates of the office's own
# questions of one asker on one day
ELIGIBILITY_QUOTA = int(os.environ.get("QUALWATCH_ELIGIBILITY_QUOTA", "200000"))
# the largest file handed in
UPLOAD_BYTES = 1024**2 * int(os.environ.get("QUALWATCH_UPLOAD_MB", "20"))

_DATABASE_URL = (
    os.environ.get("DATABASE_URL") or f"sqlite:///{(STATE / 'qualwatch.sqlite3').absolute()}"
)
DATABASES: dict[str, dict[str, Any]] = {
    "default": dict(dj_database_url.parse(_DATABASE_URL, conn_max_age=60))
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",  # a writer waits when it begins and never fails later
        "timeout": 30,
        # WAL: readers do not wait for a writer; with it NORMAL cannot corrupt the file
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
        "PRAGMA foreign_keys=ON;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "qualwatch.journal",
    "qualwatch.outbox",
    "qualwatch.archive",
    "qualwatch.publication",
    "qualwatch.accounts",
    "qualwatch.legal_texts",
    "qualwatch.registers",
    "qualwatch.assessments",
    "qualwatch.cases",
    "qualwatch.oversight",
    "qualwatch.patrol",
    "qualwatch.web.base",
    "qualwatch.web.home",
    "qualwatch.web.public",
    "qualwatch.web.objections",
    "qualwatch.web.enterprise",
    "qualwatch.web.staff",
    "csp",
    "django.contrib.staticfiles",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
]
# Static files need no session; the limits of sessions need the account, so they come last.
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "qualwatch.web.base.middleware.ContentSecurityPolicy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "qualwatch.web.base.language.LanguageMiddleware",
    "qualwatch.web.base.middleware.SameLaw",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "qualwatch.web.base.middleware.RequestChecks",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "qualwatch.accounts.sessions.IdleSessionsEnd",
    "qualwatch.accounts.sessions.OfficersNeedSecondFactor",
]
ROOT_URLCONF = "qualwatch.config.urls"
WSGI_APPLICATION = "qualwatch.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "APP_DIRS": True,
        "OPTIONS": {
            "environment": "qualwatch.web.base.template_env.environment",
            "undefined": StrictUndefined,
            "context_processors": ["qualwatch.web.base.template_env.base_context"],
        },
    },
    {
        # only for allauth's texts that no page of ours replaces
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    },
]
ALLOWED_HOSTS = [
    host for host in os.environ.get("QUALWATCH_HOSTS", "localhost,127.0.0.1").split(",") if host
]
CSRF_TRUSTED_ORIGINS = [
    origin for origin in os.environ.get("QUALWATCH_ORIGINS", "").split(",") if origin
]

AUTH_USER_MODEL = "accounts.Account"
AUTHENTICATION_BACKENDS = ["qualwatch.accounts.backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "qualwatch.accounts.adapters.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "qualwatch.accounts.adapters.SocialAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = {"login_failed": "5/10m/key,30/10m/ip"}
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = False
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "qualwatch"
OFFICERS_NEED_TOTP = os.environ.get("QUALWATCH_OFFICERS_NEED_TOTP", "1") == "1"
SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": _keys.openid_connect}}
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}  # lock-out holds over processes
ACCOUNT_FORMS = {"login": "qualwatch.accounts.forms.LogIn"}
SESSION_ENGINE = "qualwatch.accounts.session_store"
SESSION_COOKIE_AGE = 8 * 3600  # a working day
SESSION_IDLE_SECONDS = 60 * int(os.environ.get("QUALWATCH_IDLE_MINUTES", "30"))
# on a shared computer closing the browser logs out
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG and os.environ.get("QUALWATCH_HTTP") != "1"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 0 if DEBUG or os.environ.get("QUALWATCH_HTTP") == "1" else 365 * 24 * 3600
X_FRAME_OPTIONS = "DENY"
if os.environ.get("QUALWATCH_BEHIND_PROXY") == "1":
    # only where a proxy sets it: a client could send it otherwise
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CSRF_FAILURE_VIEW = "qualwatch.web.base.errors.form_expired"
_addresses = [urlsplit(app["settings"]["server_url"]) for app in _keys.openid_connect]
_providers = [  # log-in there begins with a form here
    f"{address.scheme}://{address.netloc}" for address in _addresses
]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "form-action": [SELF, *_providers],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}  # no script at all
SUPPORT_PHONES = os.environ.get("QUALWATCH_SUPPORT_PHONES", "0351-3123329,0351-3020665").split(",")
PLATFORM_URL = os.environ.get("QUALWATCH_PLATFORM_URL", "https://zjt.shanxi.gov.cn/SXJGPublic/")

EMAIL_HOST = os.environ.get("QUALWATCH_SMTP_HOST", "")
EMAIL_PORT = int(os.environ.get("QUALWATCH_SMTP_PORT", "25"))
EMAIL_HOST_USER = os.environ.get("QUALWATCH_SMTP_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("QUALWATCH_SMTP_PASSWORD", "")
EMAIL_TIMEOUT = 10  # seconds; a server that hangs is a failed attempt
EMAIL_USE_TLS = os.environ.get("QUALWATCH_SMTP_TLS") == "1"
DEFAULT_FROM_EMAIL = os.environ.get("QUALWATCH_MAIL_FROM", "qualwatch@localhost")
SMS_GATEWAY = os.environ.get("QUALWATCH_SMS_URL", "")
WEBHOOK = os.environ.get("QUALWATCH_WEBHOOK_URL", "")
HOOK_SECRET = os.environ.get("QUALWATCH_HOOK_SECRET", "")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "loggers": {"django.request": {"handlers": ["stderr"], "level": "ERROR"}},
}  # errors are printed on the server, never on the page

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True  # the stylesheet lies in the package
WHITENOISE_ALLOW_ALL_ORIGINS = False
WHITENOISE_MAX_AGE = 24 * 3600  # its address changes with it
