"""The web process. In production it refuses to start on a broken configuration or a model that does not verify."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

import config.celery  # noqa: E402, F401  (tasks are sent through this application)
from recognizer.startup import prepare_web_process  # noqa: E402  (needs the app registry)

prepare_web_process()
