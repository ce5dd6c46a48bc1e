"""/sources/add/, /sources/<slug>/edit/ and the buttons of a source: what editors do to where usage comes from."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from dashboard.core import clock, heartbeat
from dashboard.usage import services
from dashboard.usage.models import Source, SourceKind
from dashboard.web.common.as_of import Request
from dashboard.web.sources import submit
from dashboard.web.sources.forms import SourceForm
from dashboard.web.sources.forms_by_kind import FORMS, BackFillForm, form_for

__all__ = ["add", "edit", "source_action"]

may_add = permission_required("usage.add_source", raise_exception=True)
may_change = permission_required("usage.change_source", raise_exception=True)

KINDS = [
    (SourceKind.WATCH, gettext_lazy("Log files on this machine, followed as they grow")),
    (SourceKind.SQL, gettext_lazy("A gateway’s own tables, or any table of calls")),
    (SourceKind.HTTP, gettext_lazy("What a provider tells of an organization’s usage")),
    (SourceKind.S3, gettext_lazy("Logs in Amazon S3, or in a store that speaks its language")),
    (SourceKind.PUSH, gettext_lazy("Files and OpenTelemetry that others send to Sundial")),
]


@may_add
def add(request: Request) -> HttpResponse:
    """The form of a new source of the kind `?kind=`; the other kinds are a click away."""
    kind = request.GET.get("kind", SourceKind.WATCH)
    if kind not in FORMS:
        raise Http404
    if kind == SourceKind.PUSH:
        return _form_page(request, Source(kind=kind), _("“%(name)s” is added. Its page says how to push to it."))
    return _form_page(request, Source(kind=kind), _("“%(name)s” is added. It is read within seconds."))


@may_change
def edit(request: Request, slug: str) -> HttpResponse:
    source = get_object_or_404(Source, slug=slug)
    if source.kind not in FORMS:
        raise Http404
    if source.kind == SourceKind.PUSH:
        return _form_page(request, source, _("“%(name)s” is saved. What is pushed from now on goes by it."))
    return _form_page(request, source, _("“%(name)s” is saved. The next poll goes by it."))


def _form_page(request: Request, source: Source, saved: str) -> HttpResponse:
    """Show the form; test or save what was sent, as the button that was pressed says."""
    testing = "test" in request.POST
    form = form_for(source, request.POST if request.method == "POST" else None, testing=testing)
    tested, wrong = None, False
    if form and form.is_bound:
        if not form.is_valid():
            wrong = True
        elif testing:
            tested = submit.preview_source(form.candidate(), clock.latest(), request.today)
        elif stored := submit.save_form(form, by=request.user, now=clock.now()):
            messages.success(request, saved % {"name": stored.name})
            return _followed(stored) if form.is_new and form.testable else redirect(stored)
        else:
            wrong = True
    context = {"form": form, "source": source, "tested": tested, "kinds": _kinds(form)}
    return render(request, "sources/form.html", context, status=422 if wrong else 200)


def _kinds(form: SourceForm | None) -> list[tuple[str, Any, Any, bool]]:
    """The kinds to choose from: name, label, what it is, whether it is chosen; none for a source that exists."""
    if not form or not form.is_new:
        return []
    return [(kind.value, kind.label, words, kind == form.kind) for kind, words in KINDS if kind in FORMS]


@require_POST
@may_change
def source_action(request: Request, slug: str, verb: str) -> HttpResponse:
    source = get_object_or_404(Source, slug=slug)
    run = ACTIONS.get(verb)
    if not run or source.kind == SourceKind.IMPORT or (verb == "poll" and source.kind == SourceKind.PUSH):
        raise Http404
    return run(request, source, clock.now())


def _pause(request: Request, source: Source, now: datetime) -> HttpResponse:
    services.pause(source, by=request.user, now=now)
    messages.success(request, _("Paused: nothing is read until somebody resumes it."))
    return redirect(source)


def _resume(request: Request, source: Source, now: datetime) -> HttpResponse:
    services.resume(source, by=request.user, now=now)
    messages.success(request, _("Resumed: it goes on where it was."))
    return redirect(source)


def _poll(request: Request, source: Source, _now: datetime) -> HttpResponse:
    return _polled(request, source, _("A worker reads it now."))


def _back_fill(request: Request, source: Source, now: datetime) -> HttpResponse:
    form = BackFillForm(request.POST)
    if not form.is_valid() or not form.cleaned_data["since"]:
        messages.error(request, _("Choose the first day to read, as year-month-day"))
        return redirect(source)
    try:
        services.back_fill(source, form.cleaned_data["since"], by=request.user, now=now)
    except ValidationError as problem:
        messages.error(request, " ".join(problem.messages))
        return redirect(source)
    if source.paused:
        messages.warning(request, _("It is read from that day on once it is resumed."))
        return redirect(source)
    return _polled(request, source, _("It is read from that day on, step by step with each poll."))


def _polled(request: Request, source: Source, told: str) -> HttpResponse:
    """Have it polled, and go to the page that waits for that."""
    command = f"python manage.py usage poll {source.slug}"
    if services.poll_soon(source):
        if heartbeat.is_alive("worker", clock.wall()):
            messages.success(request, told)
        else:
            words = _("It waits for a worker, and none shows life. Start Sundial, or run: %(cmd)s")
            messages.warning(request, words % {"cmd": command})
        return _followed(source)
    messages.error(
        request, _("The broker does not answer, so no worker hears of it. Try: %(cmd)s") % {"cmd": command}
    )
    return redirect(source)


def _followed(source: Source) -> HttpResponse:
    """To a source's page, which waits for the next poll."""
    return redirect(f"{reverse('source', args=[source.slug])}?asked={int(clock.wall().timestamp())}")


ACTIONS: dict[str, Callable[[Request, Source, datetime], HttpResponse]] = {
    "pause": _pause,
    "resume": _resume,
    "poll": _poll,
    "back-fill": _back_fill,
}
