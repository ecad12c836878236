"""Training of the networks, in five packages: recipes use evaluation, networks and datasets, and these use synthesis.

The environment variables of Keras and TensorFlow are set here, before any module imports them.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # faster; TensorFlow does not enable it on older processors
