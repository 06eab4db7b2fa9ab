"""Django's settings: everything a city changes comes from the environment or city.toml."""

import os
import secrets
from pathlib import Path

from csp.constants import NONE, SELF
from psycopg.conninfo import conninfo_to_dict

from stadi.site.city import read_city
from stadi.site.shelf import packages

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
HOME = Path(os.environ.get("STADI_HOME", ROOT / ".stadi"))
"""Where this installation keeps its data; the embedded database lives below it."""


def _secret() -> str:
    """Return the installation's secret: from the environment, else one kept in its own file."""
    if given := os.environ.get("STADI_SECRET_KEY"):
        return given
    file = HOME / "secret"
    if not file.exists():
        HOME.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(secrets.token_urlsafe(48))
    return file.read_text("utf-8")


def _database() -> dict[str, object]:
    """Return Django's database from DATABASE_URL: a libpq address or connection string."""
    parts = conninfo_to_dict(os.environ.get("DATABASE_URL", "dbname=stadi"))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.get("dbname", "stadi"),
        "USER": parts.get("user", ""),
        "PASSWORD": parts.get("password", ""),
        "HOST": parts.get("host", ""),
        "PORT": parts.get("port", ""),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
    }


CITY = read_city()
STADI_SMTP = os.environ.get("STADI_SMTP", "")
STADI_MAIL_FROM = os.environ.get("STADI_MAIL_FROM", "")
STADI_URL = os.environ.get("STADI_URL", "")
SECRET_KEY = _secret()
DEBUG = False
ALLOWED_HOSTS = os.environ.get("STADI_HOSTS", "localhost,127.0.0.1,[::1]").split(",")
DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "stadi.site.urls"
WSGI_APPLICATION = "stadi.site.wsgi.application"

ROOMS = [
    "record",
    "catalogue",
    "twin",
    "people",
    "consent",
    "messages",
    "fulfil",
    "offers",
    "insight",
    "site",
]
INSTALLED_APPS = [
    *(f"stadi.{room}" for room in ROOMS),
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "csp",
]
# Identity codes of living people are refused unless the installation says that it holds them.
STADI_REAL_IDENTITY_CODES = os.environ.get("STADI_REAL_IDENTITY_CODES") == "1"
STADI_SERVICES = packages(os.environ.get("STADI_SERVICES", ""))
"""The services of the house and of the named folders; the group `stadi.services` joins them."""

MIDDLEWARE = [
    "csp.middleware.CSPMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "stadi.site.access.AccessMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "stadi.site.access.frame",
            ]
        },
    }
]

LANGUAGE_CODE = "fi"
LANGUAGES = [("fi", "Suomeksi"), ("sv", "På svenska"), ("en", "English")]
LOCALE_PATHS = [HERE / "locale"]
USE_TZ = True
TIME_ZONE = CITY.time_zone

STATIC_URL = "/static/"
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "stadi.site.npm.NpmFinder",
]
WHITENOISE_USE_FINDERS = True
NODE_MODULES = ROOT / "node_modules"
NPM_FILES = [
    f"@fontsource-variable/hanken-grotesk/files/hanken-grotesk-{part}-wght-normal.woff2"
    for part in ("latin", "latin-ext")
]

SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"discreet": {"()": "stadi.site.discreet.Discreet"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "discreet"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    # a refused page is an answer, not a fault
    "loggers": {"django.request": {"level": "ERROR"}},
}
