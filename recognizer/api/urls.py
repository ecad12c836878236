from django.urls import include, path

from recognizer.api import docs
from recognizer.api.endpoints import (
    batches,
    explanations,
    files,
    me,
    model_versions,
    notices,
    predictions,
    presets,
    quality,
    table_exports,
    tokens,
    trainings,
)

app_name = "api"

prediction_urls = [
    path("", predictions.PredictionDetail.as_view(), name="prediction"),
    path("image/", files.Picture.as_view(), name="image"),
    path("thumbnail/", files.Thumbnail.as_view(), name="thumbnail"),
    path("original/", files.Original.as_view(), name="original"),
    path("glyphs/<int:position>/input/", files.GlyphInput.as_view(), name="glyph-input"),
    path("glyphs/<int:position>/layers/", explanations.LayerList.as_view(), name="layers"),
    path(
        "glyphs/<int:position>/layers/<slug:layer>/activations/",
        explanations.LayerActivations.as_view(),
        name="layer-activations",
    ),
    path("glyphs/<int:position>/layers/<slug:layer>/map/", explanations.LayerMap.as_view(), name="layer-map"),
    path("glyphs/<int:position>/explanation/", explanations.Explanation.as_view(), name="explanation"),
    path("glyphs/<int:position>/overlays/<slug:kind>/<int:digit>/", explanations.Overlay.as_view(), name="overlay"),
    path("feature-maps/", files.FeatureMapList.as_view(), name="feature-maps"),
    path("feature-maps/<int:position>/<slug:layer>/", files.FeatureMapPicture.as_view(), name="feature-map"),
]

batch_urls = [
    path("", batches.BatchDetail.as_view(), name="batch"),
    path("files/", batches.BatchFiles.as_view(), name="batch-files"),
    path("cancel/", batches.BatchCancel.as_view(), name="batch-cancel"),
    path("items/", batches.BatchItems.as_view(), name="batch-items"),
    path("results.jsonl", batches.BatchLines.as_view(), name="batch-lines"),
    path("results.csv", batches.BatchTable.as_view(), name="batch-table"),
    path("results.xlsx", table_exports.BatchWorkbook.as_view(), name="batch-workbook"),
]

urlpatterns = [
    path("", docs.root, name="root"),
    path("predictions/", predictions.PredictionList.as_view(), name="predictions"),
    path("predictions/bulk-delete/", predictions.PredictionBulkDelete.as_view(), name="predictions-bulk-delete"),
    path("predictions/bulk-restore/", predictions.PredictionBulkRestore.as_view(), name="predictions-bulk-restore"),
    path("predictions/<uuid:pk>/", include(prediction_urls)),
    path("batches/", batches.BatchList.as_view(), name="batches"),
    path("batches/<uuid:pk>/", include(batch_urls)),
    path("exports/<uuid:pk>/", table_exports.TableExportDetail.as_view(), name="table-export"),
    path("exports/<uuid:pk>/file/", table_exports.TableExportFile.as_view(), name="table-export-file"),
    path("models/", model_versions.ModelList.as_view(), name="models"),
    path("models/current/", model_versions.CurrentModel.as_view(), name="model-current"),
    path("models/promotions/", model_versions.PromotionList.as_view(), name="promotions"),
    path("models/<slug:version>/", model_versions.ModelDetail.as_view(), name="model"),
    path("models/<slug:version>/card/", model_versions.ModelCard.as_view(), name="model-card"),
    path("models/<slug:version>/promote/", model_versions.ModelPromote.as_view(), name="model-promote"),
    path("models/<slug:version>/retire/", model_versions.ModelRetire.as_view(), name="model-retire"),
    path("models/<slug:version>/download/", model_versions.ModelDownload.as_view(), name="model-download"),
    path("trainings/", trainings.TrainingList.as_view(), name="trainings"),
    path("trainings/<int:number>/", trainings.TrainingDetail.as_view(), name="training"),
    path("trainings/<int:number>/stop/", trainings.TrainingStop.as_view(), name="training-stop"),
    path("tokens/", tokens.TokenList.as_view(), name="tokens"),
    path("tokens/<uuid:pk>/", tokens.TokenDetail.as_view(), name="token"),
    path("presets/", presets.PresetList.as_view(), name="presets"),
    path("presets/<uuid:pk>/", presets.PresetDetail.as_view(), name="preset"),
    path("quality/", quality.StreamList.as_view(), name="quality"),
    path("quality/<uuid:pk>/", quality.StreamDetail.as_view(), name="stream"),
    path("notices/", notices.NoticeList.as_view(), name="notices"),
    path("me/", me.Me.as_view(), name="me"),
    path("schema/", docs.schema, name="schema"),
    path("docs/", docs.swagger, name="docs"),
    path("redoc/", docs.redoc, name="redoc"),
    path("me/export/", me.Export.as_view(), name="export"),
    path("me/export/file/", me.ExportFile.as_view(), name="export-file"),
]
