"""Log filters."""

import logging


class WithoutTraceback(logging.Filter):
    """Drops the traceback of records that a stranger's request alone explains."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.exc_info = None
        record.exc_text = None
        return True
