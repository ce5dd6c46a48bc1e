"""Two scans at once, and a scan that is killed: nothing counts twice and nothing is lost."""

import os
import signal
import subprocess
import sys
import threading
from datetime import date

import pytest
from django.conf import settings as django_settings
from django.db import connection

from dashboard.findings import scan
from dashboard.findings.models import Finding, OpenPeriod, StalePair, Traffic
from dashboard.usage.models import StaleDay
from tests.factories import NOW, make_entry, make_usage
from tests.thorough import sample

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

TODAY = date(2023, 8, 1)


@pytest.fixture(autouse=True)
def _usage():
    for name in ("davinci", "ada", "babbage"):
        entry = make_entry(f"openai/{name}", announced="2023-07-06", sunset="2024-01-04")
        for application in ("shop", "store"):
            make_usage(application, entry, "2023-07-10", 3, days=6)


def assert_all_done():
    assert Traffic.objects.count() == 36
    assert set(Traffic.objects.values_list("calls", flat=True)) == {3}
    assert Finding.objects.count() == OpenPeriod.objects.count() == 6
    assert not StaleDay.objects.exists()
    assert not StalePair.objects.exists()


def test_two_scans_at_once_give_what_one_gives():
    problems: list[BaseException] = []
    start = threading.Barrier(3)

    def scanner() -> None:
        start.wait()
        try:
            scan.run(NOW, TODAY)
        except BaseException as problem:  # noqa: BLE001  the test reports whatever it is
            problems.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=scanner) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert problems == []
    assert_all_done()


KILLED = """
import os, signal, sys
from datetime import date, datetime, timezone
os.environ["DJANGO_SETTINGS_MODULE"] = "dashboard.settings"
import django
django.setup()
from django.conf import settings
from django.db import connections
connections.settings["default"]["NAME"] = sys.argv[1]
connections["default"].settings_dict["NAME"] = sys.argv[1]
from dashboard.findings import scan
left = int(sys.argv[2])
def die(execute, sql, params, many, context):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return execute(sql, params, many, context)
with connections["default"].execute_wrapper(die):
    scan.run(datetime(2023, 12, 8, tzinfo=timezone.utc), date(2023, 8, 1))
"""


@pytest.mark.parametrize("statements", sample([20, 40], range(3, 66, 4)))
def test_a_scan_killed_anywhere_is_finished_by_the_next_one(statements):
    """A real process, killed with SIGKILL before its nth statement."""
    database = connection.settings_dict
    environment = os.environ | {"SUNDIAL_VAR": str(django_settings.VAR)}  # DATABASE_URL as our own
    connection.close()
    left = subprocess.run(
        [sys.executable, "-c", KILLED, str(database["NAME"]), str(statements)],
        env=environment,
        cwd=django_settings.BASE_DIR,
        timeout=120,
        check=False,
        capture_output=True,
        text=True,
    )
    assert left.returncode in {0, -signal.SIGKILL}, left.stderr
    scan.run(NOW, TODAY)
    assert_all_done()
