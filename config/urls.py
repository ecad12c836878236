from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path

from recognizer.api.endpoints import old_clients
from recognizer.views.passwords import AdminLogin, Logout, PasswordChange

urlpatterns = [
    path("api/v1/", include("recognizer.api.urls")),  # first, since programs send most requests
    path("", include("recognizer.urls")),
    path("predict", old_clients.Predict.as_view(), name="old-predict"),
    path("feature_maps", old_clients.FeatureMaps.as_view(), name="old-feature-maps"),
    path("reset", old_clients.reset, name="old-reset"),
    # In place of the admin's own pages, which do not limit the number of attempts, and leave pages in the browser.
    path("admin/login/", AdminLogin.as_view()),
    path("admin/logout/", login_not_required(Logout.as_view())),
    path("admin/password_change/", admin.site.admin_view(PasswordChange.as_view())),
    path("admin/", admin.site.urls),
]

handler400 = "recognizer.views.errors.bad_request"
handler403 = "recognizer.views.errors.permission_denied"
handler404 = "recognizer.views.errors.not_found"
handler500 = "recognizer.views.errors.server_error"
