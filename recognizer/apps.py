from django.apps import AppConfig


class RecognizerConfig(AppConfig):
    name = "recognizer"
    verbose_name = "Digitscribe"

    def ready(self) -> None:
        from recognizer.startup.unused_imports import import_rest_framework

        import_rest_framework()
        from recognizer.login import security_signals  # noqa: F401  (the import registers the handlers)
        from recognizer.startup import checks, postgresql  # noqa: F401  (the imports register checks and a handler)
        from recognizer.startup.job_kinds import register_handlers
        from recognizer.startup.mail_kinds import register_mail_kinds

        register_handlers()
        register_mail_kinds()
