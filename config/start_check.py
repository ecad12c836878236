"""The check before the web server starts in production: `python -m config.start_check`.

gunicorn's first process runs it once. It is a process of its own: if gunicorn's first process imported the application,
the others could not load the code of a new release.
"""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from recognizer.startup.web_process import find_start_faults  # noqa: E402  (needs the app registry)

if __name__ == "__main__":
    sys.exit("\n".join(find_start_faults()) or 0)
