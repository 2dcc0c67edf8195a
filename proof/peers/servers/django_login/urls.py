"""The routes of the package's own documentation, and one route of an API."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

if settings.PEER == "simplejwt":
    from rest_framework.decorators import api_view
    from rest_framework.request import Request
    from rest_framework.response import Response
    from rest_framework_simplejwt.views import TokenBlacklistView, TokenObtainPairView, TokenRefreshView

    @api_view(["GET"])  # type: ignore[untyped-decorator] # the package is in another environment
    def api(_request: Request) -> Response:
        """Answer whoever has a valid access token."""
        return Response({})

    urlpatterns = [
        path("token/", TokenObtainPairView.as_view()),
        path("token/refresh/", TokenRefreshView.as_view()),
        path("token/blacklist/", TokenBlacklistView.as_view()),
        path("api", api),
    ]
else:
    from oauth2_provider.views.generic import ProtectedResourceView

    class Api(ProtectedResourceView):  # type: ignore[misc] # the package is in another environment
        """Answer whoever has a valid access token."""

        def get(self, _request: HttpRequest) -> HttpResponse:
            """Answer."""
            return HttpResponse("{}", content_type="application/json")

    urlpatterns = [path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")), path("api", Api.as_view())]
