"""The operations on the quality of answers."""

from recognizer.api.schema import FOUND, operation
from recognizer.bodies.quality import StreamBody

list_streams = operation(
    "quality",
    "list_streams",
    "List how good your answers are, by preset or mode and model version",
    answers={200: [StreamBody]},
)
get_stream = operation(
    "quality",
    "get_stream",
    "Get how good the answers of one stream are",
    answers={200: StreamBody},
    problems=FOUND,
)
