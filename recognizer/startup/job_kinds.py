"""The kinds of background work and their handlers. The application registers them when it starts."""

from recognizer.models import Job
from recognizer.services.account_state import is_owner_being_deleted
from recognizer.services.batches import chunks, documents
from recognizer.services.exports import personal_exports, table_exports
from recognizer.services.learning import trainings
from recognizer.services.learning.training_run import run_training
from recognizer.services.people import mail
from recognizer.services.people.account_deletion import delete_part
from recognizer.services.reading import rescoring
from recognizer.services.reading.feature_maps import draw_maps
from recognizer.services.work.handlers import Handler, register


def register_handlers() -> None:
    register(Job.Kind.FEATURE_MAPS, Handler(draw_maps, is_obsolete=is_owner_being_deleted))
    register(
        Job.Kind.BATCH_CHUNK,
        Handler(
            documents.run_chunk,
            on_give_up=chunks.fail_items,
            on_cancel=chunks.cancel_items,
            on_retry=chunks.reset_items,
            is_obsolete=is_owner_being_deleted,
            is_splittable=True,
        ),
    )
    register(Job.Kind.ACCOUNT_DELETION, Handler(delete_part, is_mandatory=True))
    register(
        Job.Kind.PERSONAL_EXPORT,
        Handler(
            personal_exports.write_export,
            on_give_up=personal_exports.fail_export,
            is_obsolete=is_owner_being_deleted,
        ),
    )
    register(Job.Kind.TABLE_EXPORT, Handler(table_exports.write_table, is_obsolete=is_owner_being_deleted))
    register(Job.Kind.RESCORE, Handler(rescoring.rescore_chunk, is_obsolete=is_owner_being_deleted, is_splittable=True))
    register(
        Job.Kind.TRAINING,
        Handler(
            run_training,
            on_give_up=trainings.note_failure,
            on_cancel=trainings.note_cancellation,
            is_obsolete=trainings.is_obsolete,
        ),
    )
    register(Job.Kind.MAIL, Handler(mail.send_mail, on_give_up=mail.remove_mail, on_cancel=mail.remove_mail))
