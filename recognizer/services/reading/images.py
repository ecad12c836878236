"""Images that pages show: upright, without metadata, limited in size, and made when they are first requested."""

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
    """Return the picture of an upload, and make it first if it does not exist."""
    return _ensure_image(upload, upload.picture, encode_picture)


def ensure_thumbnail(upload: Upload) -> FieldFile:
    """Return the thumbnail of an upload, and make it first if it does not exist."""
    return _ensure_image(upload, upload.thumbnail, encode_thumbnail)


def _ensure_image(upload: Upload, file: FieldFile, encode: Callable[[Picture], bytes]) -> FieldFile:
    if not file:
        try:
            with upload.original.open("rb") as original:
                picture = decode(original.read())
        except FileNotFoundError as error:  # as after a restore without all media
            raise Problem("not_found") from error
        except PictureError as error:  # damaged since, or refused by a newer release
            raise Problem.of_picture(error) from error
        file.save(file.field.name, ContentFile(encode(picture)), save=False)
        if not Upload.objects.filter(pk=upload.pk).update(**{file.field.name: file.name}):
            file.delete(save=False)  # the upload was removed in the meantime, and nothing else would find its file
            raise Problem("not_found")
    return file


def encode_input(cells: bytes) -> bytes:
    """Return the 28×28 input of the network (ink is 255) as a PNG with one pixel per cell."""
    buffer = BytesIO()
    Image.frombytes("L", (28, 28), cells).save(buffer, "PNG")
    return buffer.getvalue()
