"""Django for one of two packages: `simplejwt` or `toolkit` (PEER), with the package's own settings as JSON."""

import json
import os

PEER = os.environ["PEER"]
GIVEN = json.loads(os.environ["PEER_SETTINGS"])

SECRET_KEY = "a secret of the proof that is long enough for HS256"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "postgres",
        "USER": "postgres",
        "HOST": os.environ["PEER_SOCKETS"],
        "CONN_MAX_AGE": None,
    }
}
# Passwords are not what is compared, and a slow hash would take most of the time.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

if PEER == "simplejwt":
    # https://django-rest-framework-simplejwt.readthedocs.io/en/stable/settings.html
    blacklist = ["rest_framework_simplejwt.token_blacklist"] if GIVEN.pop("blacklist") else []
    INSTALLED_APPS += ["rest_framework", "rest_framework_simplejwt", *blacklist]
    REST_FRAMEWORK = {
        "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework_simplejwt.authentication.JWTAuthentication"],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    }
    SIMPLE_JWT = GIVEN
else:
    # https://django-oauth-toolkit.readthedocs.io/en/stable/settings.html
    INSTALLED_APPS += ["oauth2_provider"]
    # The sign-in of the user is not what is compared: whoever a header names is signed in.
    MIDDLEWARE += ["signed_in.NamedUser"]
    AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.RemoteUserBackend"]
    OAUTH2_PROVIDER = GIVEN
