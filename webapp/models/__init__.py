"""The tables. PostgreSQL holds the truth; every number that anyone sees is a query over these."""

from webapp.models.accounts import ApiToken, Installation, Session, User, WorkerReport
from webapp.models.base import CODE, OF_FILE, OUTCOME, Base, personal_columns
from webapp.models.contacts import Contact, ContactChange
from webapp.models.imports import (
    ContactImport,
    ImportFileChunk,
    ImportLease,
    ImportLog,
    MappingTemplate,
)
from webapp.models.rows import (
    ImportCorrection,
    ImportDifference,
    ImportDocument,
    ImportPreview,
    ImportProblem,
    ImportResult,
    ImportRow,
)
from webapp.models.undo import UndoDue, UndoKept, UndoPreview

__all__ = [
    "CODE",
    "OF_FILE",
    "OUTCOME",
    "ApiToken",
    "Base",
    "Contact",
    "ContactChange",
    "ContactImport",
    "ImportCorrection",
    "ImportDifference",
    "ImportDocument",
    "ImportFileChunk",
    "ImportLease",
    "ImportLog",
    "ImportPreview",
    "ImportProblem",
    "ImportResult",
    "ImportRow",
    "Installation",
    "MappingTemplate",
    "Session",
    "UndoDue",
    "UndoKept",
    "UndoPreview",
    "User",
    "WorkerReport",
    "personal_columns",
]
