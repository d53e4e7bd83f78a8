"""The templates of a therapist and of the clinic: looked at, renamed, archived, restored."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinics.access import Can, StaffRequest, staff
from prescriptions import reuse
from prescriptions.forms import RenameForm
from prescriptions.models import ProgrammeTemplate, ProgrammeTemplateQuerySet

NAME_TAKEN = "There is a template of this name already."
ARCHIVED_SHOWN = 50


@require_safe
@staff(Can.PRESCRIBE)
def templates(request: StaffRequest) -> HttpResponse:
    mine = _templates(request).with_lines().by_name()
    context = {"templates": mine.active(), "archived": mine.archived()[:ARCHIVED_SHOWN]}
    return render(request, "prescriptions/templates.html", context)


@require_http_methods(["GET", "POST"])
@staff(Can.PRESCRIBE)
def rename(request: StaffRequest, pk: int) -> HttpResponse:
    template = get_object_or_404(_templates(request).active(), pk=pk)
    form = RenameForm(request.POST if request.method == "POST" else None, initial=_name(template))
    if form.is_valid():
        try:
            reuse.rename_template(template=template, by=request.user, **form.cleaned_data)
        except reuse.NameTaken:
            form.add_error("name", NAME_TAKEN)
        else:
            messages.success(request, f"The template is now called “{template}”.")
            return redirect("prescriptions:templates")
    context = {"template": template, "form": form}
    return render(request, "prescriptions/template_rename.html", context)


@require_POST
@staff(Can.PRESCRIBE)
def archive(request: StaffRequest, pk: int) -> HttpResponse:
    template = get_object_or_404(_templates(request), pk=pk)
    reuse.archive_template(template=template, by=request.user, at=timezone.now())
    messages.success(request, f"“{template}” is archived. It can be restored below.")
    return redirect("prescriptions:templates")


@require_POST
@staff(Can.PRESCRIBE)
def restore(request: StaffRequest, pk: int) -> HttpResponse:
    template = get_object_or_404(_templates(request), pk=pk)
    try:
        reuse.restore_template(template=template, by=request.user)
    except reuse.NameTaken:
        messages.error(request, f"{NAME_TAKEN} Rename that one first.")
    else:
        messages.success(request, f"“{template}” is back.")
    return redirect("prescriptions:templates")


def _templates(request: StaffRequest) -> ProgrammeTemplateQuerySet:
    return ProgrammeTemplate.objects.of(request.clinic).usable_by(request.user)


def _name(template: ProgrammeTemplate) -> dict[str, str]:
    return {"name": template.name}
