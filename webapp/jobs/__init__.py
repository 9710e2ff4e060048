"""Enqueue, claim, slice, sweep.

Jobs carry ids only and delegate to the rooms; the database says what is to be done.

What the queue calls by name (`work`, `render_pdf`, `notify`, `preview_undo`, `renew_keys`,
`find_duplicates`, `act_on_contacts`) and what the rest of the program asks for stands here.
"""

from webapp.jobs.bulk_act_jobs import act_on_contacts
from webapp.jobs.duplicate_finding import find_duplicates
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
from webapp.jobs.report_jobs import notify, render_pdf
from webapp.jobs.search_indexing import SearchIndexing
from webapp.jobs.slices import horse_died, preview_undo, renew_keys, work
from webapp.jobs.sweeping import forget, report_worker, send_notices, sweep
from webapp.jobs.work_horses import end_silent_work_horses, stop_request

__all__ = [
    "OwnJob",
    "SearchIndexing",
    "act_on_contacts",
    "end_silent_work_horses",
    "eviction_policy",
    "find_duplicates",
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
