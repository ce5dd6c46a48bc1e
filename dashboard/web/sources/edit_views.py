"""/sources/add/, /sources/<slug>/edit/ and the buttons of a source's page."""

from collections.abc import Callable
from datetime import datetime

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dashboard.core import clock, heartbeat
from dashboard.usage import services
from dashboard.usage.connectors.base import Words
from dashboard.usage.connectors.registry import connector_for
from dashboard.usage.models import Source
from dashboard.web.common.as_of import Request
from dashboard.web.sources import submit
from dashboard.web.sources.forms import SourceForm
from dashboard.web.sources.forms_by_kind import FORMS, BackFillForm, form_for

__all__ = ["add", "edit", "source_action"]

may_add = permission_required("usage.add_source", raise_exception=True)
may_change = permission_required("usage.change_source", raise_exception=True)


@may_add
def add(request: Request) -> HttpResponse:
    """The form of a new source of the kind `?kind=`; the other kinds are a click away."""
    kind = request.GET.get("kind", next(iter(FORMS)))
    if kind not in FORMS:
        raise Http404
    if connector_for(kind).is_polled:
        return _form_page(request, Source(kind=kind), _("“%(name)s” is added. It is read within seconds."))
    return _form_page(request, Source(kind=kind), _("“%(name)s” is added. Its page says how to push to it."))


@may_change
def edit(request: Request, slug: str) -> HttpResponse:
    source = get_object_or_404(Source, slug=slug)
    if source.kind not in FORMS:
        raise Http404
    if connector_for(source.kind).is_polled:
        return _form_page(request, source, _("“%(name)s” is saved. The next poll uses it."))
    return _form_page(request, source, _("“%(name)s” is saved. It applies to what is pushed from now on."))


def _form_page(request: Request, source: Source, saved: str) -> HttpResponse:
    """Show the form; test or save what was sent, as the button that was pressed says."""
    testing = "test" in request.POST
    form = form_for(source, request.POST if request.method == "POST" else None, testing=testing)
    tested, has_errors = None, False
    if form and form.is_bound:
        if not form.is_valid():
            has_errors = True
        elif testing:
            tested = submit.preview_source(form.candidate(), clock.latest(), request.today)
        elif stored := submit.save_form(form, by=request.user, now=clock.now()):
            messages.success(request, saved % {"name": stored.name})
            return _wait_for_poll(stored) if form.is_new and form.has_preview else redirect(stored)
        else:
            has_errors = True
    context = {
        "form": form,
        "source": source,
        "kind_label": connector_for(source.kind).label,
        "tested": tested,
        "kinds": _kind_choices(form),
    }
    return render(request, "sources/form.html", context, status=422 if has_errors else 200)


def _kind_choices(form: SourceForm | None) -> list[tuple[str, Words, Words, bool]]:
    """The kinds to choose from: name, label, description, whether it is chosen; none for a source that exists."""
    if not form or not form.is_new:
        return []
    connectors = [(kind, connector_for(kind)) for kind in FORMS]
    return [(kind, one.label, one.description, kind == form.source.kind) for kind, one in connectors]


@require_POST
@may_change
def source_action(request: Request, slug: str, verb: str) -> HttpResponse:
    source = get_object_or_404(Source, slug=slug)
    run = ACTIONS.get(verb)
    connector = connector_for(source.kind)
    if not run or connector.is_complete or (verb == "poll" and not connector.is_polled):
        raise Http404
    return run(request, source, clock.now())


def _pause(request: Request, source: Source, now: datetime) -> HttpResponse:
    services.pause(source, by=request.user, now=now)
    messages.success(request, _("Paused: nothing is read until it is resumed."))
    return redirect(source)


def _resume(request: Request, source: Source, now: datetime) -> HttpResponse:
    services.resume(source, by=request.user, now=now)
    messages.success(request, _("Resumed: it continues where it stopped."))
    return redirect(source)


def _poll(request: Request, source: Source, _now: datetime) -> HttpResponse:
    return _poll_soon(request, source, _("A worker reads it now."))


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
        messages.warning(request, _("It will be read from that day on once it is resumed."))
        return redirect(source)
    return _poll_soon(request, source, _("It is read from that day on, a part with each poll."))


def _poll_soon(request: Request, source: Source, message: str) -> HttpResponse:
    """Enqueue a poll, and go to the page that waits for it."""
    command = f"python manage.py usage poll {source.slug}"
    if services.poll_soon(source):
        if heartbeat.is_alive("worker", clock.wall()):
            messages.success(request, message)
        else:
            words = _("No worker is running. Start Sundial, or run: %(cmd)s")
            messages.warning(request, words % {"cmd": command})
        return _wait_for_poll(source)
    messages.error(
        request, _("The broker does not answer, so no worker was told. Run: %(cmd)s") % {"cmd": command}
    )
    return redirect(source)


def _wait_for_poll(source: Source) -> HttpResponse:
    """Redirect to a source's page, which waits for the next poll."""
    return redirect(f"{reverse('source', args=[source.slug])}?asked={int(clock.wall().timestamp())}")


ACTIONS: dict[str, Callable[[Request, Source, datetime], HttpResponse]] = {
    "pause": _pause,
    "resume": _resume,
    "poll": _poll,
    "back-fill": _back_fill,
}
