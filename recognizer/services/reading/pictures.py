"""The pictures that pages show: upright, without metadata, of bounded size; made when they are first looked at."""

from collections.abc import Callable
from io import BytesIO

from django.core.files.base import ContentFile
from django.db.models.fields.files import FieldFile
from PIL import Image

from mlcore.reading.decode import Picture, decode, encode_picture, encode_thumbnail
from mlcore.reading.errors import PictureError
from recognizer.models import Upload
from recognizer.problems import Problem


def ensure_picture(upload: Upload) -> FieldFile:
    return ensure(upload, upload.picture, encode_picture)


def ensure_thumbnail(upload: Upload) -> FieldFile:
    return ensure(upload, upload.thumbnail, encode_thumbnail)


def ensure(upload: Upload, file: FieldFile, encode: Callable[[Picture], bytes]) -> FieldFile:
    if not file:
        try:
            with upload.original.open("rb") as original:
                picture = decode(original.read())
        except FileNotFoundError as error:  # as after a restore without all media
            raise Problem("not_found") from error
        except PictureError as error:  # damaged since, or refused by a newer release
            raise Problem.of_picture(error) from error
        file.save(file.field.name, ContentFile(encode(picture)), save=False)
        Upload.objects.filter(pk=upload.pk).update(**{file.field.name: file.name})
    return file


def input_png(cells: bytes) -> bytes:
    """The 28×28 cells that the network saw (ink is 255) as a picture of one pixel per cell."""
    buffer = BytesIO()
    Image.frombytes("L", (28, 28), cells).save(buffer, "PNG")
    return buffer.getvalue()
