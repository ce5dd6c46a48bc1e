"""The outbox: what was sent to whom, and sending again what did not arrive for sure."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dashboard.admin.site import ReadOnlyAdmin
from dashboard.alerts.models import Delivery, Notice, State
from dashboard.core import audit, clock


class NoticeInline(admin.TabularInline):
    model = Notice
    extra = 0
    can_delete = False
    fields = readonly_fields = ("finding", "reason", "step", "sunset_on")

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ("subject", "recipient", "as_of", "state", "attempts", "created_at", "sent_at")
    list_filter = ("state", "channel")
    search_fields = ("recipient", "subject")
    list_per_page = 50
    inlines = (NoticeInline,)
    actions = ("send_again",)
    show_full_result_count = False

    def has_send_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("alerts.change_delivery")

    @admin.action(description=_("Send again (given up, or fate unknown)"), permissions=["send"])
    def send_again(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Queue what is not known to have arrived; the reader may get an unknown one twice."""
        now = clock.now()
        count = 0
        for delivery in queryset.filter(state__in=[State.FAILED, State.UNKNOWN]):
            before = delivery.state
            queued = Delivery.objects.filter(pk=delivery.pk, state=before).update(
                state=State.PENDING, attempts=0, next_try_at=now, claimed_at=None, error=""
            )
            if queued:
                count += 1
                audit.record(
                    delivery,
                    before={"state": before},
                    after={"state": State.PENDING.value},
                    now=now,
                    origin="admin",
                    by=request.user,
                )
        skipped = queryset.count() - count
        messages.success(request, gettext("%(count)s waiting to be sent again") % {"count": count})
        if skipped:
            messages.warning(
                request, gettext("%(count)s left alone: sent already or on the way") % {"count": skipped}
            )
