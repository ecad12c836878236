"""The picture that pages show: upright, without metadata, of bounded size; made when it is first looked at."""

from django.core.files.base import ContentFile
from django.db.models.fields.files import FieldFile

from mlcore.reading.decode import decode, encode_picture
from recognizer.models import Upload


def ensure_picture(upload: Upload) -> FieldFile:
    if not upload.picture:
        with upload.original.open("rb") as original:
            picture = decode(original.read())
        upload.picture.save("picture", ContentFile(encode_picture(picture)), save=False)
        Upload.objects.filter(pk=upload.pk).update(picture=upload.picture.name)
    return upload.picture
