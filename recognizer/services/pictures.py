"""The picture that pages show: upright, without metadata, of bounded size; made when it is first looked at."""

from io import BytesIO

from django.core.files.base import ContentFile
from django.db.models.fields.files import FieldFile
from PIL import Image

from mlcore.reading.decode import decode, encode_picture
from recognizer.models import Upload


def ensure_picture(upload: Upload) -> FieldFile:
    if not upload.picture:
        with upload.original.open("rb") as original:
            picture = decode(original.read())
        upload.picture.save("picture", ContentFile(encode_picture(picture)), save=False)
        Upload.objects.filter(pk=upload.pk).update(picture=upload.picture.name)
    return upload.picture


def input_png(cells: bytes) -> bytes:
    """The 28×28 cells that the network saw (ink is 255) as a picture of one pixel per cell."""
    buffer = BytesIO()
    Image.frombytes("L", (28, 28), cells).save(buffer, "PNG")
    return buffer.getvalue()
