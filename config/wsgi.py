"""WSGI entry point. It loads the model before the first request."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

import config.celery  # noqa: E402, F401  (its application sends the tasks)
from recognizer.startup.web_process import prepare_web_process  # noqa: E402  (needs the app registry)

prepare_web_process()
