"""Giving up on work that takes too long."""

from threading import Event

import pytest
from django.utils import translation
from django.utils.translation import gettext

from dashboard.core.timeouts import MOST, in_time

BOUND = 10


def test_an_answer_in_time_is_the_answer():
    assert in_time(lambda: 6 * 7, BOUND) == 42


def test_what_the_work_raises_is_raised():
    with pytest.raises(ZeroDivisionError):
        in_time(lambda: 1 // 0, BOUND)


def test_work_speaks_the_language_of_the_request():
    with translation.override("zh-hans"):
        assert in_time(lambda: gettext("Sources"), BOUND) == gettext("Sources") != "Sources"


def test_late_work_is_given_up_on_and_too_much_of_it_keeps_others_out():
    goes_on, ended = Event(), [Event() for _ in range(MOST)]

    def late(number: int) -> None:
        goes_on.wait(BOUND)
        ended[number].set()

    for number in range(MOST):
        with pytest.raises(TimeoutError):
            in_time(lambda number=number: late(number), 0.01)
    with pytest.raises(TimeoutError):
        in_time(lambda: "never begun", 0.01)
    goes_on.set()
    assert all(event.wait(BOUND) for event in ended)
    assert in_time(lambda: "again", BOUND) == "again"
