"""Django REST framework with drf-spectacular; SCRIPT_NAME is its FORCE_SCRIPT_NAME, ROUTES its routes' prefix."""
# mypy: ignore-errors

import os

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application

settings.configure(
    SECRET_KEY="x",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=[
        "django.contrib.contenttypes",
        "django.contrib.staticfiles",
        "rest_framework",
        "drf_spectacular",
    ],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    REST_FRAMEWORK={
        "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "UNAUTHENTICATED_USER": None,
    },
    FORCE_SCRIPT_NAME=os.environ.get("SCRIPT_NAME_OF_DJANGO") or None,
    USE_X_FORWARDED_HOST=False,
    SPECTACULAR_SETTINGS={"SERVERS": [{"url": os.environ.get("SERVER") or "/"}]},
    STATIC_URL="static/",
)
django.setup()

from django.urls import include, path  # noqa: E402
from drf_spectacular.utils import extend_schema  # noqa: E402
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView  # noqa: E402
from rest_framework.decorators import api_view  # noqa: E402
from rest_framework.response import Response  # noqa: E402


@extend_schema(responses={200: str})
@api_view(["GET"])
def pets(_request):
    return Response([])


routes = [
    path("pets/", pets),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/schema/swagger-ui/", SpectacularSwaggerView.as_view(url_name="schema")),
]
prefix = os.environ.get("ROUTES", "").strip("/")
urlpatterns = [path(f"{prefix}/", include(routes))] if prefix else routes
application = get_wsgi_application()
