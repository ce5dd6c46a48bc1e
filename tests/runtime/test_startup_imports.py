"""Drivers of sources and charts load with their first use: a start, and every command, is then quick and small."""

import os
import subprocess
import sys

from django.conf import settings

LATE = ("boto3", "botocore", "sqlalchemy", "urllib3", "duckdb", "pymysql", "plotly", "pyarrow", "pandas")


def test_manage_py_check_loads_no_driver(tmp_path):
    code = (
        "import sys, django; django.setup()\n"
        "from django.core.management import call_command\n"
        "call_command('check')\n"
        f"print(sorted(set({LATE!r}) & set(sys.modules)))"
    )
    variables = {"DJANGO_SETTINGS_MODULE": "dashboard.settings", "SUNDIAL_VAR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=settings.BASE_DIR,
        env={**os.environ, **variables, "SUNDIAL_READ_DOTENV": "0"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"
