from django.apps import AppConfig


class DashboardConfig(AppConfig):
    """Loads the Celery application here rather than on package import, which pure rules pay for too."""

    name = "dashboard"
    verbose_name = "Sundial"

    def ready(self) -> None:
        from dashboard import (
            celery,  # noqa: F401  makes shared_task bind to our app
            checks,  # noqa: F401  registers the system checks
        )
