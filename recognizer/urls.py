from django.urls import path

from recognizer.views import health, media

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("uploads/<uuid:pk>/original/", media.upload_original, name="upload_original"),
    path("uploads/<uuid:pk>/picture/", media.upload_picture, name="upload_picture"),
    path("uploads/<uuid:pk>/thumbnail/", media.upload_thumbnail, name="upload_thumbnail"),
    path("glyphs/<uuid:pk>/input/", media.glyph_input, name="glyph_input"),
    path("feature-maps/<uuid:pk>/", media.feature_map, name="feature_map"),
]
