#!/usr/bin/env python
"""Sundial's command line; `python manage.py help` lists the commands."""

import importlib
import os
import sys


def main() -> None:
    settings = os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        importlib.import_module(settings)
    except ImproperlyConfigured as error:
        sys.stderr.write(f"sundial: {error}\n")
        sys.exit(2)
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
