"""Images that pages show: upright, without metadata, limited in size, and made when they are first requested."""

import logging
from collections.abc import Callable

import numpy as np
from django.core.files.base import ContentFile, File
from django.db import DatabaseError, transaction
from django.db.models import F
from django.db.models.fields.files import FieldFile

from mlcore.explaining.png import encode_png
from mlcore.reading.files.decode import Picture, decode, encode_picture, encode_thumbnail
from mlcore.reading.files.errors import PictureError
from recognizer.models import Upload
from recognizer.outages import OUTAGES
from recognizer.problems import Problem
from recognizer.services.space.cleanup import delete_files_on_error
from recognizer.services.space.disk import require_disk_space
from recognizer.services.space.quotas import add_bytes, has_room

logger = logging.getLogger(__name__)

# An image that cannot be stored for one of these reasons is shown all the same.
NOT_KEPT = (*OUTAGES, "quota_exceeded")


def ensure_picture(upload: Upload) -> File:
    """Return the picture of an upload, and make it first if it does not exist."""
    return _ensure_image(upload, upload.picture, encode_picture)


def ensure_thumbnail(upload: Upload) -> File:
    """Return the thumbnail of an upload, and make it first if it does not exist."""
    return _ensure_image(upload, upload.thumbnail, encode_thumbnail)


def _ensure_image(upload: Upload, file: FieldFile, encode: Callable[[Picture], bytes]) -> File:
    """Return the stored image, or one that is only in memory if it cannot be stored."""
    if file:
        return file
    if not upload.original:
        raise Problem.of_removed_picture()
    try:
        with upload.original.open("rb") as original:
            picture = decode(original.read())
    except FileNotFoundError as error:  # as after a restore without all media
        raise Problem("not_found") from error
    except PictureError as error:  # damaged since, or refused by a newer release
        raise Problem.of_picture(error) from error
    data = encode(picture)
    try:
        _store_image(upload, file, data)
    except Problem as problem:
        if problem.code not in NOT_KEPT:
            raise
        logger.warning("The %s of upload %s is not kept: %s", file.field.name, upload.pk, problem)
        return ContentFile(data, name=file.field.generate_filename(upload, file.field.name))
    return file


def _store_image(upload: Upload, file: FieldFile, data: bytes) -> None:
    require_disk_space()
    if not has_room(upload.owner_id):
        raise Problem("quota_exceeded")
    name = file.field.name
    rows = Upload.objects.filter(pk=upload.pk)
    with delete_files_on_error() as stored:
        stored.append(file)
        file.save(name, ContentFile(data), save=False)
        try:
            with transaction.atomic():
                add_bytes(upload.owner_id, len(data))
                named = {name: file.name, "derived_bytes": F("derived_bytes") + len(data)}
                if rows.filter(**{name: ""}).update(**named):
                    stored.clear()
                    return
                if not rows.exists():
                    raise Problem("not_found")  # the upload was removed in the meantime
                add_bytes(upload.owner_id, -len(data))  # another request has stored the same image
        except DatabaseError:
            # Another request may have stored the image under the same name. Without a row, reconcile_media removes it.
            stored.clear()
            raise


def encode_input(cells: bytes) -> bytes:
    """Return the 28×28 input of the network (ink is 255) as a PNG with one pixel per cell."""
    return encode_png(np.frombuffer(cells, np.uint8).reshape(28, 28))
