"""The endpoints of trainings. Every account sees them; people with the permission `trainer` start and stop them."""

from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from recognizer.api.endpoint import RETRY_SOON, Endpoint, person
from recognizer.api.lists import page_response
from recognizer.api.operations import trainings as operations
from recognizer.api.trainers import is_trainer, require_trainer
from recognizer.bodies.plain import Json, write
from recognizer.bodies.trainings import TrainingBody, TrainingPageBody, training_body
from recognizer.models import Training
from recognizer.queries.pagination import SortOrder
from recognizer.services.learning.trainings import cancel_training, start_training, trainings_with_models

NEWEST_FIRST = SortOrder("number", descending=True, parse=int)


class TrainingList(Endpoint):
    @operations.list_trainings
    def get(self, request: Request) -> Response:
        return page_response(
            TrainingPageBody,
            request,
            trainings_with_models(),
            NEWEST_FIRST,
            lambda rows: [body_of(training, request) for training in rows],
        )

    @operations.start_training
    def post(self, request: Request) -> Response:
        require_trainer(request)
        body = training_json(find_training(start_training(by=person(request)).number), request)
        return Response(body, 202, headers={"Location": body["url"], **RETRY_SOON})


class TrainingDetail(Endpoint):
    @operations.get_training
    def get(self, request: Request, number: int) -> Response:
        training = find_training(number)
        return Response(training_json(training, request), headers=RETRY_SOON if training.is_open else {})


class TrainingStop(Endpoint):
    @operations.stop_training
    def post(self, request: Request, number: int) -> Response:
        require_trainer(request)
        cancel_training(find_training(number), by=person(request))
        return Response(training_json(find_training(number), request))


def find_training(number: int) -> Training:
    return get_object_or_404(trainings_with_models(), number=number)


def body_of(training: Training, request: Request) -> TrainingBody:
    return training_body(training, request.build_absolute_uri, shows_error=is_trainer(request))


def training_json(training: Training, request: Request) -> Json:
    return write(body_of(training, request))
