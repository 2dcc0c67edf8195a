"""A sign-in by a header, in the place of a form."""

from django.contrib.auth.middleware import RemoteUserMiddleware


class NamedUser(RemoteUserMiddleware):  # type: ignore[misc] # the package is in another environment
    """Signs in whoever the header names."""

    header = "HTTP_X_USER"
