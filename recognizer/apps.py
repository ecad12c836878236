from django.apps import AppConfig


class RecognizerConfig(AppConfig):
    name = "recognizer"
    verbose_name = "Digitscribe"

    def ready(self) -> None:
        from recognizer.unused_imports import import_rest_framework

        import_rest_framework()
        from recognizer import checks, security_signals  # noqa: F401  (the imports register checks and signal handlers)
        from recognizer.job_kinds import register_handlers
        from recognizer.mail_kinds import register_mail_kinds

        register_handlers()
        register_mail_kinds()
