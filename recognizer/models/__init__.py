from recognizer.models.access import ApiToken, IdempotencyRecord, Usage
from recognizer.models.backup import Backup
from recognizer.models.batch import Batch, BatchItem
from recognizer.models.deletion import AccountDeletion, DeletedFolder
from recognizer.models.export_link import ExportLink
from recognizer.models.job import Job
from recognizer.models.mail import OutgoingMail
from recognizer.models.model_version import TRAINER, ModelEvent, ModelVersion, Promotion
from recognizer.models.notice import Notice
from recognizer.models.personal_export import ExportPart, PersonalExport
from recognizer.models.prediction import FeatureMap, Glyph, Prediction
from recognizer.models.preferences import Preferences
from recognizer.models.preset import Preset
from recognizer.models.quality import Audit, Stream, StreamMonth
from recognizer.models.table_export import TableExport
from recognizer.models.training import Training
from recognizer.models.upload import Correction, Upload

__all__ = [
    "TRAINER",
    "AccountDeletion",
    "ApiToken",
    "Audit",
    "Backup",
    "Batch",
    "BatchItem",
    "Correction",
    "DeletedFolder",
    "ExportLink",
    "ExportPart",
    "FeatureMap",
    "Glyph",
    "IdempotencyRecord",
    "Job",
    "ModelEvent",
    "ModelVersion",
    "Notice",
    "OutgoingMail",
    "PersonalExport",
    "Prediction",
    "Preferences",
    "Preset",
    "Promotion",
    "Stream",
    "StreamMonth",
    "TableExport",
    "Training",
    "Upload",
    "Usage",
]
