from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from recognizer.api import views

app_name = "api"
urlpatterns = [
    path("predictions/", views.PredictionList.as_view(), name="prediction-list"),
    path("predictions/<uuid:pk>/", views.PredictionDetail.as_view(), name="prediction-detail"),
    path("models/", views.ModelList.as_view(), name="model-list"),
    path("models/current/", views.CurrentModel.as_view(), name="model-current"),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerView.as_view(url_name="api:schema"), name="docs"),
]
