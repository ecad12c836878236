from django.contrib import admin
from django.urls import include, path

from recognizer.views.accounts import AdminLogin

urlpatterns = [
    path("", include("recognizer.urls")),
    path("api/v1/", include("recognizer.api.urls")),
    path("admin/login/", AdminLogin.as_view()),
    path("admin/", admin.site.urls),
]

handler400 = "recognizer.views.errors.bad_request"
handler403 = "recognizer.views.errors.permission_denied"
handler404 = "recognizer.views.errors.not_found"
handler500 = "recognizer.views.errors.server_error"
