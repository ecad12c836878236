"""The removal of feature maps whose prediction is no longer the current one of its upload."""

from collections.abc import Collection
from uuid import UUID

from recognizer.models import FeatureMap, Job, Prediction
from recognizer.services.space.purge import CHUNK_SIZE, delete_files_on_commit
from recognizer.services.space.quotas import add_derived
from recognizer.services.work import jobs


def remove_superseded_maps(upload_ids: Collection[UUID]) -> int:
    """Remove the feature maps of superseded predictions with their files, and return how many were removed.

    Call it inside a transaction that has locked the usage of the owners.
    """
    superseded = Prediction.objects.filter(upload__in=upload_ids, is_current=False)
    jobs.cancel_jobs(Job.objects.filter(kind=Job.Kind.FEATURE_MAPS, prediction__in=superseded))
    maps = list(
        FeatureMap.objects.filter(glyph__prediction__in=superseded)
        .order_by()
        .values_list("pk", "image", "bytes", "glyph__prediction__owner", "glyph__prediction__upload")
    )
    freed: dict[int, dict[UUID, int]] = {}
    for _pk, _image, size, owner_id, upload_id in maps:
        of_owner = freed.setdefault(owner_id, {})
        of_owner[upload_id] = of_owner.get(upload_id, 0) - size
    for owner_id, sizes in freed.items():
        add_derived(owner_id, sizes)
    for start in range(0, len(maps), CHUNK_SIZE):
        FeatureMap.objects.filter(pk__in=[row[0] for row in maps[start : start + CHUNK_SIZE]]).delete()
    delete_files_on_commit([row[1] for row in maps])
    return len(maps)
