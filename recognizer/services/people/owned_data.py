"""All models and files that belong to an account: how to find them, and where its export holds them.

A test fails for a model or a file field that is missing here.
"""

from dataclasses import dataclass

from allauth.account.models import EmailAddress, EmailConfirmation
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db.models import Model

from recognizer.models import (
    ApiToken,
    Audit,
    Batch,
    BatchItem,
    Correction,
    ExportLink,
    ExportPart,
    FeatureMap,
    Glyph,
    IdempotencyRecord,
    Job,
    ModelEvent,
    Notice,
    OutgoingMail,
    PersonalExport,
    Prediction,
    Preferences,
    Preset,
    Promotion,
    Stream,
    StreamMonth,
    TableExport,
    Training,
    Upload,
    Usage,
)


@dataclass(frozen=True, slots=True)
class OwnedRows:
    """The rows of one model that belong to an account."""

    model: type[Model]
    owners: tuple[str, ...]  # lookups that lead to the primary key of the owner
    export: str = ""  # the member of the export that holds them, or the folder of its members
    inside: str = ""  # the key of the rows inside of the objects of that member, if they stand there
    not_exported_because: str = ""


@dataclass(frozen=True, slots=True)
class OwnedFile:
    """A file field whose files belong to an account. The deletion removes the whole folder."""

    field: str
    folders: tuple[str, ...]  # the top folders in the storage
    export: str = ""
    not_exported_because: str = ""


OWNED_ROWS = (
    OwnedRows(User, ("pk",), "account.json"),
    OwnedRows(User.groups.through, ("user_id",), not_exported_because="The staff gives permissions."),
    OwnedRows(User.user_permissions.through, ("user_id",), not_exported_because="The staff gives permissions."),
    OwnedRows(LogEntry, ("user_id",), not_exported_because="It records what the staff did in the admin."),
    OwnedRows(Promotion, ("by_id",), not_exported_because="It records which model was active when."),
    OwnedRows(ModelEvent, ("by_id",), not_exported_because="It records who changed a model when."),
    OwnedRows(Training, ("started_by_id",), not_exported_because="It records which model was trained when."),
    OwnedRows(EmailAddress, ("user_id",), "account.json", inside="addresses"),
    OwnedRows(
        EmailConfirmation, ("email_address__user_id",), not_exported_because="Links are signed; no row is written."
    ),
    OwnedRows(OutgoingMail, ("user_id",), not_exported_because="It is removed as soon as the mail is sent."),
    OwnedRows(Notice, ("owner_id",), "notices/"),
    OwnedRows(ApiToken, ("user_id",), "account.json", inside="tokens"),
    OwnedRows(Preferences, ("user_id",), "account.json", inside="decimal"),
    OwnedRows(Preset, ("owner_id",), "account.json", inside="presets"),
    OwnedRows(Usage, ("user_id",), not_exported_because="It is the number and size of the exported pictures."),
    OwnedRows(IdempotencyRecord, ("user_id",), not_exported_because="It repeats an answer for one day."),
    OwnedRows(Upload, ("owner_id",), "uploads/"),
    OwnedRows(Prediction, ("owner_id",), "predictions/"),
    OwnedRows(Glyph, ("prediction__owner_id",), "predictions/", inside="glyphs"),
    OwnedRows(
        FeatureMap, ("glyph__prediction__owner_id",), not_exported_because="Anybody with the model can draw it again."
    ),
    OwnedRows(Correction, ("by_id", "upload__owner_id"), "corrections/"),
    OwnedRows(Stream, ("owner_id",), "streams/"),
    OwnedRows(StreamMonth, ("stream__owner_id",), "streams/", inside="months"),
    OwnedRows(Audit, ("owner_id",), "streams/", inside="audits"),
    OwnedRows(Batch, ("owner_id",), "batches/"),
    OwnedRows(BatchItem, ("batch__owner_id",), "batches/", inside="items"),
    OwnedRows(ExportLink, ("owner_id",), "batches/", inside="links"),
    OwnedRows(PersonalExport, ("owner_id",), not_exported_because="It is the export itself."),
    OwnedRows(ExportPart, ("export__owner_id",), not_exported_because="It is a part of the export itself."),
    OwnedRows(TableExport, ("owner_id",), not_exported_because="It repeats what is exported, for a day."),
    OwnedRows(
        Job,
        ("prediction__owner_id", "batch__owner_id", "personal_export__owner_id", "table_export__owner_id"),
        not_exported_because="It is the state of work, not data.",
    ),
)

OWNED_FILES = (
    OwnedFile("recognizer.Upload.original", ("uploads", "batches"), "pictures/"),
    OwnedFile("recognizer.Upload.picture", ("uploads",), not_exported_because="It is made from the original."),
    OwnedFile("recognizer.Upload.thumbnail", ("uploads",), not_exported_because="It is made from the original."),
    OwnedFile("recognizer.BatchItem.staged", ("batches",), "unread/"),
    OwnedFile("recognizer.ExportPart.file", ("exports",), not_exported_because="It is a part of the export itself."),
    OwnedFile(
        "recognizer.TableExport.file", ("exports",), not_exported_because="It repeats what is exported, for a day."
    ),
    OwnedFile(
        "recognizer.FeatureMap.image",
        ("feature-maps",),
        not_exported_because="Anybody with the model can draw it again.",
    ),
)


def models_with_rows_of(owner_id: int) -> list[str]:
    """Return the names of the models that still have a row of the account."""
    return [
        owned.model._meta.label
        for owned in OWNED_ROWS
        if any(owned.model._base_manager.filter(**{owner: owner_id}).exists() for owner in owned.owners)
    ]
