"""Enqueue, claim, slice, sweep.

Jobs carry ids only and delegate to the rooms; the database says what is to be done.

What the queue calls by name (`work`, `render_pdf`, `notify`, `preview_undo`, `renew_keys`,
`find_duplicates`, `find_possible_matches`, `act_on_contacts`) and what the rest of the program asks
for stands here. What only a worker asks for is loaded when it does: a web process enqueues, and
stays smaller by the rooms that execute.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from webapp.jobs.queueing import (
    OwnJob,
    eviction_policy,
    queue,
    request_bulk_acts,
    request_duplicates,
    request_notice,
    request_pdf,
    request_undo_preview,
    wake,
    workers,
)

if TYPE_CHECKING:
    from webapp.jobs.bulk_act_jobs import act_on_contacts
    from webapp.jobs.duplicate_finding import find_duplicates, find_possible_matches
    from webapp.jobs.report_jobs import notify, render_pdf
    from webapp.jobs.search_indexing import SearchIndexing
    from webapp.jobs.slices import horse_died, preview_undo, renew_keys, work
    from webapp.jobs.sweeping import forget, report_worker, send_notices, sweep
    from webapp.jobs.work_horses import end_silent_work_horses, stop_request

MODULES = {
    "bulk_act_jobs": ("act_on_contacts",),
    "duplicate_finding": ("find_duplicates", "find_possible_matches"),
    "report_jobs": ("notify", "render_pdf"),
    "search_indexing": ("SearchIndexing",),
    "slices": ("horse_died", "preview_undo", "renew_keys", "work"),
    "sweeping": ("forget", "report_worker", "send_notices", "sweep"),
    "work_horses": ("end_silent_work_horses", "stop_request"),
}
MODULE_OF = {name: module for module, names in MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name in MODULES:
        return import_module(f"{__name__}.{name}")
    if name not in MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    return getattr(import_module(f"{__name__}.{MODULE_OF[name]}"), name)


__all__ = [
    "OwnJob",
    "SearchIndexing",
    "act_on_contacts",
    "end_silent_work_horses",
    "eviction_policy",
    "find_duplicates",
    "find_possible_matches",
    "forget",
    "horse_died",
    "notify",
    "preview_undo",
    "queue",
    "render_pdf",
    "renew_keys",
    "report_worker",
    "request_bulk_acts",
    "request_duplicates",
    "request_notice",
    "request_pdf",
    "request_undo_preview",
    "send_notices",
    "stop_request",
    "sweep",
    "wake",
    "work",
    "workers",
]
