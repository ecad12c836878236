from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from recognizer import selectors
from recognizer.api.images import image_of
from recognizer.api.serializers import (
    ModelVersionSerializer,
    PredictionRequestSerializer,
    PredictionSerializer,
)
from recognizer.models import ModelVersion, Prediction, Upload
from recognizer.services.predictions import create_prediction


class NewestFirst(CursorPagination):
    """A place in the list that stays where it is while new predictions arrive."""

    ordering = ("-given_at", "-id")
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200


class PredictionList(generics.ListCreateAPIView[Prediction]):
    serializer_class = PredictionSerializer
    pagination_class = NewestFirst

    def get_queryset(self) -> Any:
        return selectors.with_glyphs(selectors.history_for(self.request.user))

    @extend_schema(request=PredictionRequestSerializer)
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        data, name = image_of(request)
        wanted = PredictionRequestSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        prediction = create_prediction(
            owner=request.user,
            data=data,
            source=Upload.Source.API,
            mode=wanted.validated_data["mode"],
            name=wanted.validated_data["name"] or name,
        )
        body = self.get_serializer(prediction).data
        location = reverse("api:prediction-detail", args=[prediction.pk], request=request)
        return Response(body, 201, headers={"Location": location})


class PredictionDetail(generics.RetrieveAPIView[Prediction]):
    serializer_class = PredictionSerializer

    def get_object(self) -> Prediction:
        mine = selectors.with_glyphs(selectors.history_for(self.request.user))
        return get_object_or_404(mine, pk=self.kwargs["pk"])


class ModelList(generics.ListAPIView[ModelVersion]):
    serializer_class = ModelVersionSerializer
    pagination_class = None
    queryset = ModelVersion.objects.order_by("-created_at")


class CurrentModel(generics.RetrieveAPIView[ModelVersion]):
    serializer_class = ModelVersionSerializer

    def get_object(self) -> ModelVersion:
        return get_object_or_404(ModelVersion, state=ModelVersion.State.ACTIVE)
