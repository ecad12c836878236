"""The endpoint of notices."""

from rest_framework.request import Request
from rest_framework.response import Response

from recognizer.api.endpoint import Endpoint
from recognizer.api.lists import page_response
from recognizer.api.operations import account as operations
from recognizer.bodies.notices import NoticePageBody, notice_body
from recognizer.queries import selectors
from recognizer.services.people.notices import NEWEST_FIRST
from recognizer.words.notices import show_notice


class NoticeList(Endpoint):
    @operations.list_notices
    def get(self, request: Request) -> Response:
        return page_response(
            NoticePageBody,
            request,
            selectors.notices_for(request.user),
            NEWEST_FIRST,
            lambda rows: [notice_body(show_notice(row), request.build_absolute_uri) for row in rows],
        )
