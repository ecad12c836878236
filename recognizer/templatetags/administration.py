"""Template tags of the admin: its records in groups, with a sentence about each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

register = template.Library()

GROUPS: tuple[tuple[str | Promise, Mapping[str, str | Promise]], ...] = (
    (
        _("Pictures and answers"),
        {
            "Upload": _("Pictures that people gave"),
            "Prediction": _("What was read, and how sure it is"),
            "Correction": _("What people say is right"),
            "Glyph": _("Single digits of the answers"),
            "FeatureMap": _("Pictures of what the network saw"),
        },
    ),
    (
        _("Work"),
        {
            "Batch": _("Many pictures given at once"),
            "BatchItem": _("Each file of a batch"),
            "Job": _("Background work and its errors"),
            "Backup": _("Copies of the data"),
        },
    ),
    (
        _("Models and quality"),
        {
            "ModelVersion": _("Trained networks and their figures"),
            "Stream": _("How often answers are right, by preset or mode"),
        },
    ),
    (
        _("People"),
        {
            "User": _("Accounts and their rights"),
            "Group": _("Rights shared by several accounts"),
            "EmailAddress": _("Addresses, verified or not"),
            "ApiToken": _("Access for programs"),
            "ExportLink": _("Links to tables of batches"),
            "Preset": _("What numbers may look like"),
            "Notice": _("Messages to people"),
        },
    ),
)


@dataclass(frozen=True)
class Record:
    """A kind of record that the person may see."""

    name: str
    about: str | Promise
    url: str
    add_url: str


@register.simple_tag
def record_groups(apps: Iterable[Mapping[str, Any]]) -> list[tuple[str | Promise, list[Record]]]:
    """Return the kinds of records in groups, without those that the person may not see."""
    seen = {model["object_name"]: model for app in apps for model in app["models"] if model["admin_url"]}
    groups = []
    for title, names in GROUPS:
        records = [
            Record(seen[name]["name"], about, seen[name]["admin_url"], seen[name]["add_url"] or "")
            for name, about in names.items()
            if name in seen
        ]
        if records:
            groups.append((title, records))
    return groups


@register.simple_tag
def record_about(opts: Any) -> str | Promise:
    """Return the sentence about a kind of record; empty for one without a sentence."""
    return next((names[opts.object_name] for _title, names in GROUPS if opts.object_name in names), "")
