"""The endpoints of streams: how good the answers of the caller's account are."""

from uuid import UUID

from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from recognizer.api.endpoint import Endpoint, person
from recognizer.api.operations import quality as operations
from recognizer.bodies.plain import Json, write
from recognizer.bodies.quality import stream_body
from recognizer.figures.streams import StreamFigures
from recognizer.queries import selectors
from recognizer.services.quality.figures import figures_for, figures_of


class StreamList(Endpoint):
    @operations.list_streams
    def get(self, request: Request) -> Response:
        return Response([stream_json(figures, request) for figures in figures_for(person(request))])


class StreamDetail(Endpoint):
    @operations.get_stream
    def get(self, request: Request, pk: UUID) -> Response:
        own = selectors.streams_for(request.user).select_related("model").defer("model__card")
        (figures,) = figures_of([get_object_or_404(own, pk=pk)])
        return Response(stream_json(figures, request))


def stream_json(figures: StreamFigures, request: Request) -> Json:
    return write(stream_body(figures, request.build_absolute_uri))
