"""Log filters."""

import logging

from recognizer.current_request import current_request, request_id


class WithoutTraceback(logging.Filter):
    """Drops the traceback of records that a stranger's request alone explains."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.exc_info = None
        record.exc_text = None
        return True


class AddRequestId(logging.Filter):
    """Adds the id of the current request to each record, as `request_id`."""

    def filter(self, record: logging.LogRecord) -> bool:
        # Django logs refused requests after they were answered, and names them in the record.
        record.request_id = request_id(current_request() or getattr(record, "request", None)) or "-"
        return True
