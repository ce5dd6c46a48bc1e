"""Giving up on work that takes too long."""

from threading import Event

import pytest
from django.utils import translation
from django.utils.translation import gettext

from dashboard.core.timeouts import MAX_RUNNING, run_with_timeout

BOUND = 10


def test_an_answer_in_time_is_the_answer():
    assert run_with_timeout(lambda: 6 * 7, BOUND) == 42


def test_what_the_work_raises_is_raised():
    with pytest.raises(ZeroDivisionError):
        run_with_timeout(lambda: 1 // 0, BOUND)


def test_work_speaks_the_language_of_the_request():
    with translation.override("zh-hans"):
        assert run_with_timeout(lambda: gettext("Sources"), BOUND) == gettext("Sources") != "Sources"


def test_late_work_is_given_up_on_and_too_much_of_it_keeps_others_out():
    goes_on, ended = Event(), [Event() for _ in range(MAX_RUNNING)]

    def late(number: int) -> None:
        goes_on.wait(BOUND)
        ended[number].set()

    for number in range(MAX_RUNNING):
        with pytest.raises(TimeoutError):
            run_with_timeout(lambda number=number: late(number), 0.01)
    with pytest.raises(TimeoutError):
        run_with_timeout(lambda: "never begun", 0.01)
    goes_on.set()
    assert all(event.wait(BOUND) for event in ended)
    assert run_with_timeout(lambda: "again", BOUND) == "again"
