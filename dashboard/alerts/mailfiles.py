from django.core.mail.backends.filebased import EmailBackend  # noqa: F401
