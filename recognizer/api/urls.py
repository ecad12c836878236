from django.urls import path

from recognizer.api import model_versions, predictions

app_name = "api"
urlpatterns = [
    path("predictions/", predictions.PredictionList.as_view(), name="predictions"),
    path("predictions/<uuid:pk>/", predictions.PredictionDetail.as_view(), name="prediction"),
    path("models/", model_versions.ModelList.as_view(), name="models"),
    path("models/current/", model_versions.CurrentModel.as_view(), name="model-current"),
    path("models/<slug:version>/", model_versions.ModelDetail.as_view(), name="model"),
    path("models/<slug:version>/card/", model_versions.ModelCard.as_view(), name="model-card"),
]
