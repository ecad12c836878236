"""Tests that `make check` leaves out because they are thorough: together they take as long as all that it runs."""

import pytest

# Beginnings of node ids, below tests/.
THOROUGH = (
    # many pictures are read or searched through by the networks
    "mlcore/explaining/test_repair.py::test_less",
    "mlcore/explaining/test_repair.py::test_the_repaired",
    "mlcore/reading/ink/test_crops.py::test_cropped",
    "mlcore/reading/test_reader.py::test_place_and_size",
    "mlcore/reading/test_refusals.py::test_it_is_rejected",
    "recognizer/views/test_what_if.py::test_a_repair",
    "recognizer/views/test_what_if.py::test_nothing_is_stored",
    "recognizer/views/test_what_if.py::test_the_reasons",
    # data of trainings, and simulations of their checks
    "mlcore/training/datasets/test_digits.py",
    "mlcore/training/datasets/test_fingerprint.py::test_a_fingerprint",
    "mlcore/training/datasets/test_gate_",
    "mlcore/training/evaluation/test_gate.py",
    "mlcore/training/evaluation/test_held_back.py",
    "recognizer/commands/test_train_model.py",
    # whole backups, documents and models, also hostile ones
    "mlcore/documents/test_rendering.py",
    "mlcore/untrusted/test_verification.py",
    "recognizer/api/endpoints/test_model_versions.py",
    "recognizer/services/backups/test_backups.py",
    "recognizer/services/backups/test_encryption.py",
    "recognizer/services/batches/test_documents.py",
    "recognizer/views/test_document_uploads.py",
    "recognizer/views/test_model_changes.py",
    # the corpus of damaged files through pages and API; tests/mlcore/reading/test_corpus.py reads the same files
    "recognizer/api/test_bad_input.py::test_a_file_that",
    "recognizer/api/test_bad_input.py::test_an_unusual",
    "recognizer/api/requests/test_picture_json.py::test_a_long",
    "recognizer/services/exports/test_result_rows.py::test_a_correction",
    "recognizer/test_route_access.py::test_a_leaking",
    "recognizer/views/test_desk.py::test_an_unreadable",
    # processes of their own
    "config/test_embedded_redis.py",
    "config/test_mail.py",
    "config/test_redis_qos.py",
    "recognizer/commands/test_read.py::test_other_v",
    "recognizer/commands/test_read.py::test_several",
    "recognizer/commands/test_read.py::test_shipped",
    "recognizer/commands/test_read.py::test_the_exit",
    "recognizer/services/monitoring/test_counters.py",
    "recognizer/startup/test_unused_imports.py",
)


def is_thorough(item: pytest.Item) -> bool:
    """Return whether the test is one of those above or needs the server of an object store."""
    return item.nodeid.removeprefix("tests/").startswith(THOROUGH) or "lasting_object_store" in item.fixturenames
