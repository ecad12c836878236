"""The endpoints of presets: expectations with a name, which requests and batches can name."""

from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from recognizer.api.endpoint import Endpoint, person
from recognizer.api.operations import presets as operations
from recognizer.api.requests.serializers import PresetChangeSerializer, PresetRequestSerializer
from recognizer.bodies.plain import Json, write
from recognizer.bodies.presets import preset_body
from recognizer.models import Preset
from recognizer.queries import selectors
from recognizer.services.reading.presets import change_preset, create_preset, delete_preset


class PresetList(Endpoint):
    @operations.list_presets
    def get(self, request: Request) -> Response:
        return Response([preset_json(preset, request) for preset in selectors.presets_for(request.user)])

    @operations.create_preset
    def post(self, request: Request) -> Response:
        values = PresetRequestSerializer.validate_body(request.data)
        preset = create_preset(owner=person(request), name=values["name"], mode=values["mode"], fields=values["expect"])
        body = preset_json(preset, request)
        return Response(body, 201, headers={"Location": body["url"]})


class PresetDetail(Endpoint):
    @operations.get_preset
    def get(self, request: Request, pk: Any) -> Response:
        return Response(preset_json(preset_for(request, pk), request))

    @operations.change_preset
    def patch(self, request: Request, pk: Any) -> Response:
        preset = preset_for(request, pk)
        values = PresetChangeSerializer.validate_body(request.data)
        change_preset(preset, name=values.get("name"), mode=values.get("mode"), fields=values.get("expect"))
        return Response(preset_json(preset, request))

    @operations.delete_preset
    def delete(self, request: Request, pk: Any) -> Response:
        delete_preset(preset_for(request, pk))
        return Response(status=204)


def preset_for(request: Request, pk: Any) -> Preset:
    return get_object_or_404(selectors.presets_for(request.user), pk=pk)


def preset_json(preset: Preset, request: Request) -> Json:
    return write(preset_body(preset, request.build_absolute_uri))
