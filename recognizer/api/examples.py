"""One example of everything that is sent and answered, for the schema and its readers. A test holds each to the
shape it is an example of."""

from typing import Any

from mlcore.artifact import SHIPPED

VERSION = SHIPPED.name
BASE = "https://digits.example.org/api/v1"
PREDICTION_URL = f"{BASE}/predictions/3f0c9f4e-6a0e-4b51-9d5c-0f6f3f0f8a11/"
BATCH_URL = f"{BASE}/batches/8c1f4a52-08a5-4c3c-9f0e-5e9a4f6c2d77/"
TOKEN_URL = f"{BASE}/tokens/b7a4c9d0-2f3e-4a6b-8c5d-1e0f9a8b7c6d/"
MODEL_URL = f"{BASE}/models/{VERSION}/"
CURSOR = "WzAsIjIwMjYtMTEtMjBUMTA6MDA6MDArMDA6MDAiXQ=="

GLYPH: dict[str, Any] = {
    "box": [121, 64, 148, 262],
    "digit": 7,
    "confidence": 0.9981,
    "probabilities": [0.0, 0.0011, 0.0004, 0.0001, 0.0, 0.0, 0.0, 0.9984, 0.0, 0.0],
}
READING: dict[str, Any] = {
    "text": "7",
    "decision": "read",
    "reason": None,
    "confidence": 0.9981,
    "model": VERSION,
    "mode": "auto",
    "width": 400,
    "height": 400,
    "latency_ms": 3.2,
    "glyphs": [GLYPH],
}
PREDICTION: dict[str, Any] = {
    **READING,
    "id": "3f0c9f4e-6a0e-4b51-9d5c-0f6f3f0f8a11",
    "url": PREDICTION_URL,
    "image_url": f"{PREDICTION_URL}image/",
    "feature_maps_url": f"{PREDICTION_URL}feature-maps/",
    "created_at": "2026-11-20T10:00:00.123456Z",
    "source": "api",
    "name": "seven.png",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "is_current": True,
    "correction": None,
    "glyphs": [{"position": 0, **GLYPH, "input_url": f"{PREDICTION_URL}glyphs/0/input/"}],
}
CORRECTED: dict[str, Any] = {**PREDICTION, "correction": {"kind": "correct", "text": "1"}}


def page(url: str, *results: dict[str, Any]) -> dict[str, Any]:
    return {"next": f"{url}?cursor={CURSOR}", "previous": None, "results": list(results)}


PREDICTIONS = page(f"{BASE}/predictions/", PREDICTION)
BASE64 = "data:image/png;base64,iVBORw0KGgo…"
DELETED = {"deleted": 2}
RESTORED = {"restored": 2}
FEATURE_MAPS: dict[str, Any] = {
    "url": f"{PREDICTION_URL}feature-maps/",
    "state": "done",
    "error": None,
    "maps": [
        {
            "glyph": 0,
            "layer": "conv1",
            "kind": "conv",
            "shape": [28, 28, 32],
            "columns": 8,
            "low": -0.4,
            "high": 3.1,
            "image_url": f"{PREDICTION_URL}feature-maps/0/conv1/",
        }
    ],
}
DRAWING: dict[str, Any] = {
    **FEATURE_MAPS,
    "state": "waiting",
    "maps": [{**FEATURE_MAPS["maps"][0], "columns": None, "low": None, "high": None, "image_url": None}],
}
LAYERS: dict[str, Any] = {
    "model": VERSION,
    "layers": [
        {
            "name": "conv1",
            "kind": "conv",
            "shape": [28, 28, 32],
            "columns": 8,
            "low": -0.4,
            "high": 3.1,
            "activations_url": f"{PREDICTION_URL}glyphs/0/layers/conv1/activations/",
            "map_url": f"{PREDICTION_URL}glyphs/0/layers/conv1/map/",
        }
    ],
}
EXPLANATION: dict[str, Any] = {
    "model": VERSION,
    "sentence": "A 7 with 99 %; without the stroke at the top it would be a 1.",
    "answers": [
        {"digit": 7, "probability": 0.9984, "logit": 11.2, "occlusion": [[0.0, 0.1], [0.2, 0.0]]},
        {"digit": 1, "probability": 0.0011, "logit": 4.4, "occlusion": [[0.0, -0.1], [0.1, 0.0]]},
    ],
    "turn": {"kind": "stroke", "place": "top", "box": [121.0, 64.0, 148.0, 40.0], "decides": True},
    "frame": [60.0, 30.0, 340.0, 340.0],
}
BATCH: dict[str, Any] = {
    "id": "8c1f4a52-08a5-4c3c-9f0e-5e9a4f6c2d77",
    "url": BATCH_URL,
    "name": "Monday's sheets",
    "mode": "auto",
    "created_at": "2026-11-20T10:00:00.123456Z",
    "state": "reading",
    "total": 40,
    "waiting": 20,
    "done": 19,
    "failed": 1,
    "cancelled": 0,
    "items_url": f"{BATCH_URL}items/",
    "results_jsonl_url": f"{BATCH_URL}results.jsonl",
    "results_csv_url": f"{BATCH_URL}results.csv",
}
BATCHES = page(f"{BASE}/batches/", BATCH)
CANCELLED: dict[str, Any] = {**BATCH, "state": "cancelled", "waiting": 0, "cancelled": 20}
BATCH_ITEMS = page(
    f"{BATCH_URL}items/",
    {
        "position": 0,
        "name": "a.png",
        "state": "done",
        "error": None,
        "text": "7",
        "decision": "read",
        "confidence": 0.9981,
        "prediction_url": PREDICTION_URL,
    },
    {
        "position": 1,
        "name": "b.png",
        "state": "failed",
        "error": {"code": "corrupt_image", "detail": "The image is damaged."},
        "text": None,
        "decision": None,
        "confidence": None,
        "prediction_url": None,
    },
)
BATCH_LINES = (
    '{"file": "a.png", "text": "7", "decision": "read", "reason": null, "confidence": 0.9981, '
    f'"model": "{VERSION}", '
    '"glyphs": [], "prediction": "3f0c9f4e-6a0e-4b51-9d5c-0f6f3f0f8a11"}\n'
    '{"file": "b.png", "error": {"code": "corrupt_image", "detail": "The image is damaged."}}\n'
)
BATCH_TABLE = (
    "position,file,state,error,text,decision,confidence,prediction\r\n"
    "1,a.png,done,,7,read,0.9981,3f0c9f4e-6a0e-4b51-9d5c-0f6f3f0f8a11\r\n"
)
MODEL: dict[str, Any] = {
    "version": VERSION,
    "url": MODEL_URL,
    "card_url": f"{MODEL_URL}card/",
    "state": "active",
    "digest": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    "created_at": "2026-11-20T10:00:00.123456Z",
    "activated_at": "2026-11-20T10:00:00.123456Z",
}
CARD: dict[str, Any] = {"version": VERSION, "seed": 1, "metrics": {"mnist_test_accuracy": 0.997}}
TOKEN: dict[str, Any] = {
    "id": "b7a4c9d0-2f3e-4a6b-8c5d-1e0f9a8b7c6d",
    "url": TOKEN_URL,
    "name": "scanner",
    "scope": "write",
    "created_at": "2026-11-20T10:00:00.123456Z",
    "expires_at": None,
    "last_used_at": None,
}
NEW_TOKEN: dict[str, Any] = {**TOKEN, "token": "dgs_…"}
PERSON: dict[str, Any] = {
    "username": "alice",
    "email": "alice@example.org",
    "joined_at": "2026-11-20T10:00:00.123456Z",
    "scope": "write",
    "usage": {"pictures": 12, "bytes": 345678},
    "quota": {"pictures": 1000000, "bytes": 53687091200},
}
