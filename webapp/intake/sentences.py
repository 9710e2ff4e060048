"""Every code of the program and what it says to a person: a title for lists, and an instruction."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webapp.vocabulary.fields import LONGEST_CUSTOM_VALUE, TARGETS, label_of


@dataclass(frozen=True)
class Sentence:
    """`title` names the problem in a few words; `instruction` says what to do, with {facts} filled in."""

    title: str
    instruction: str


SENTENCES = {
    # Files
    "empty_file": Sentence("The file is empty", "Choose a file that has a header line and at least one row."),
    "only_header": Sentence(
        "The file has a header and nothing below it", "Choose a file with at least one row under the header."
    ),
    "not_text": Sentence(
        "This is not a table", "Save it as CSV (UTF-8) or as an Excel workbook (.xlsx) and upload that."
    ),
    "is_pdf": Sentence("This is a PDF", "Export the table it was made from as CSV or .xlsx and upload that."),
    "is_html": Sentence("This is a web page", "Export the table as CSV or .xlsx and upload that."),
    "is_image": Sentence("This is a picture", "Export the contacts as CSV or .xlsx and upload that."),
    "is_program": Sentence("This is a program", "Choose the CSV or .xlsx file with your contacts."),
    "is_archive": Sentence("This is an archive", "Unpack it and upload the CSV or .xlsx file inside."),
    "is_old_excel": Sentence(
        "This is an old Excel file (.xls)", "Open it in Excel, save it as .xlsx or CSV and upload that."
    ),
    "is_protected": Sentence(
        "The workbook is protected by a password", "Open it in Excel, take the password off, save it and upload that."
    ),
    "is_opendocument": Sentence(
        "This is an OpenDocument file", "Open it in LibreOffice, save the sheet as .xlsx or CSV and upload that."
    ),
    "is_document": Sentence(
        "This is a text document", "Put the table into a spreadsheet, save it as CSV or .xlsx and upload that."
    ),
    "is_vcard": Sentence("This is a vCard file", "Export the contacts from your address book as CSV and upload that."),
    "wrong_name": Sentence(
        "Files named {extension} are not read", "Save the table as .csv, .tsv, .txt or .xlsx and upload that."
    ),
    "too_large": Sentence(
        "The file is larger than {limit_mb} MB",
        "Split it into files of at most {limit_mb} MB and upload them one by one.",
    ),
    "too_many_rows": Sentence("The file has more than {limit} rows", "Split it into files of at most {limit} rows."),
    "too_many_columns": Sentence(
        "The file has {found} columns; at most {limit} are read", "Delete the columns that you do not need."
    ),
    "workbook_too_large": Sentence(
        "The workbook unpacks to more than can be read safely", "Save the sheet as CSV and upload that."
    ),
    "no_rows_at_the_top": Sentence(
        "There is no text in the first {looked_at} rows of the workbook",
        "Delete the empty rows above the table, or save the sheet as CSV and upload that.",
    ),
    "workbook_unsafe": Sentence(
        "The workbook holds declarations that no spreadsheet writes", "Save the sheet as CSV and upload that."
    ),
    "workbook_broken": Sentence("The workbook cannot be read", "Open it in Excel, save it again and upload that."),
    "unknown_sheet": Sentence("There is no sheet named {sheet}", "Choose one of the sheets of the workbook."),
    "unknown_encoding": Sentence("{encoding} is not an encoding", "Choose an encoding from the list."),
    "unknown_header_row": Sentence(
        "Row {row} holds no column names", "Choose one of the first rows, or 0 where no row names the columns."
    ),
    "no_file": Sentence("No file was chosen", "Choose a file first."),
    # Columns
    "unknown_target": Sentence("“{target}” is not a field", "Choose a field from the list for column {column}."),
    "target_twice": Sentence(
        "{label} is chosen for two columns",
        "Keep it for one of them, and make the other a custom field or leave it out.",
    ),
    "unknown_country": Sentence(
        "“{country}” is not the code of a country", "Give its two letters, as in DE for Germany, or leave it blank."
    ),
    "mapping_length": Sentence(
        "The list of columns does not fit the file", "Give one target for each of {columns} columns."
    ),
    "nothing_mapped": Sentence(
        "No column says who the contact is", "Choose a column for the e-mail, the phone, the external ID or a name."
    ),
    # Cells and rows
    "undecodable": Sentence(
        "Characters that the encoding does not know",
        "Choose another encoding on the columns page, or type this row's text again.",
    ),
    "unclosed_quote": Sentence("A quote is opened and not closed", "Close the quote in {where}, or delete it."),
    "damaged_characters": Sentence(
        "Characters that were lost before the upload (�)",
        "Type this text again if you know what it was; it is kept as it stands.",
    ),
    "cell_too_long": Sentence("A cell is too long", "Shorten the longest cell of {where}."),
    "row_too_long": Sentence(
        "A row is too long",
        "Shorten {where}, or check that the file has line ends: a row has millions of characters.",
    ),
    "formula_without_value": Sentence(
        "A formula that was never computed",
        "Open the workbook in Excel, save it and upload it again, or type the value.",
    ),
    "too_many_cells": Sentence(
        "More cells than columns",
        "Put cells that hold the delimiter into quotes, or delete what stands beyond the last column.",
    ),
    "email_no_at": Sentence("The e-mail has no @", "Give the e-mail an @, as in name@example.com."),
    "email_invalid": Sentence("The e-mail is not an address", "Write the e-mail as in name@example.com."),
    "too_long": Sentence("A value is too long", "Shorten the {field} to at most {limit} characters."),
    "phone_unreadable": Sentence(
        "The phone number is not recognised",
        "Nothing to do: it is kept as it stands. With a country code it could be matched.",
    ),
    "date_ambiguous": Sentence("Day or month first?", "Say whether {value} has the day or the month first."),
    "date_unreadable": Sentence("The birthday is not a date", "Write the birthday as 1985-04-23."),
    "no_identity": Sentence("No e-mail, phone or name", "Give {where} an e-mail, a phone or a name."),
    # Outcomes
    "two_contacts": Sentence("Match two different contacts", "Say which of two contacts these rows mean."),
    "key_taken": Sentence(
        "The e-mail or ID belongs to another contact", "Give the row its own e-mail and ID, or match on them."
    ),
    "stronger_key_differs": Sentence(
        "The e-mail fits, the ID does not", "Correct the ID or the e-mail: they name different contacts."
    ),
    "joins_row": Sentence("The same contact as an earlier row", "This row is about the same contact as row {row}."),
    "left_out": Sentence("Left out by you", "Nothing to do: you left these rows out."),
    "database_error": Sentence(
        "The database refused the row", "Correct the row as the message says, and run it again."
    ),
    "batch_failed": Sentence("The batch failed three times", "Run the failed rows again; nothing of them was written."),
    "workers_lost": Sentence(
        "The batch ended three workers",
        "See in the worker's log what ended them, then run the failed rows again; nothing of them was written.",
    ),
    "check_broken_off": Sentence(
        "The check of this file broke off three times", "Upload the file again; if that does not help, split it."
    ),
    # Requests
    "too_many_pending": Sentence(
        "You have {limit} imports that were never run", "Finish or discard one of them, then upload the file again."
    ),
    "preview_given_up": Sentence(
        "What it would do could not be worked out beforehand", "Run it all the same: it can be taken back."
    ),
    "invalid_rows_block_start": Sentence(
        "{rows} rows are invalid", "Correct or leave out the invalid rows, or let the import skip them."
    ),
    "correction_under_way": Sentence(
        "Rows are still being changed", "Wait until all {total} are ({rows} are by now), then ask for it again."
    ),
    "nothing_failed": Sentence("No row failed", "There is nothing to run again."),
    "stopped_at_first_error": Sentence(
        "Stopped at the first bad row, as you asked", "Correct that row, roll back if you like, and import again."
    ),
    "undo_expired": Sentence(
        "The time to take it back is over", "Edit the contacts by hand: what they were before is no longer kept."
    ),
    "file_gone": Sentence("The file is no longer kept", "Upload it again."),
    "erase_while_running": Sentence(
        "{filename} is being worked on and may hold this person", "Wait until it has ended, then erase the person."
    ),
    "erase_meanwhile": Sentence(
        "More came in while this person was looked for", "Look at what is listed now, then erase the person again."
    ),
    "erase_busy": Sentence("An import is writing to this person at this moment", "Erase them in a few seconds."),
    # Undo
    "edited_since": Sentence("Edited since", "Nothing to do: the later edit was kept."),
    "changed_by_later_import": Sentence(
        "Changed by a later import", "Roll that import back too, if you want the old value."
    ),
    "deleted_meanwhile": Sentence("Deleted meanwhile", "Nothing to do: the contact is gone."),
    "refused_on_undo": Sentence(
        "The database refused", "Show the reason to whoever looks after the database; then edit or delete the contact."
    ),
    "key_taken_on_undo": Sentence(
        "Another contact has this e-mail or ID now", "Change the other contact first if you want the old value back."
    ),
    "change_unknown": Sentence("There is no such change", "Choose one from the list of recent changes."),
    "change_undone": Sentence("This change was undone already", "Nothing to do."),
    "change_too_old": Sentence(
        "The time to undo this change is over", "Edit the contact by hand: what it was before is no longer kept."
    ),
    "contact_gone": Sentence("The contact is no longer in the book", "Undo its deletion first, then this change."),
}


def title(code: str, **facts: Any) -> str:
    """The problem in a few words; an unknown code speaks for itself."""
    return SENTENCES[code].title.format_map(_Facts(facts)) if code in SENTENCES else code


def instruction(code: str, **facts: Any) -> str:
    """What to do about it, with the facts filled in."""
    return SENTENCES[code].instruction.format_map(_Facts(facts)) if code in SENTENCES else code


def of_problem(problem: Mapping[str, Any], row: int) -> str:
    """What to do about a problem that the check found in this row: `code`, and `value` and `field` where known."""
    facts: dict[str, Any] = {"row": row}
    if value := problem.get("value"):
        facts["value"] = value
    if name := problem.get("field"):
        longest = TARGETS[name].max_length if name in TARGETS else LONGEST_CUSTOM_VALUE
        facts |= {"field": label_of(name).lower(), "limit": f"{longest:,}"}
    return instruction(problem["code"], **facts)


def whole(code: str, **facts: Any) -> str:
    """What is wrong and what to do, in two sentences."""
    return f"{title(code, **facts)}. {instruction(code, **facts)}"


class _Facts(dict[str, Any]):
    """Facts for a sentence. Where one is missing, the sentence speaks of all the rows that it may be about."""

    def __missing__(self, key: str) -> str:
        if key == "where" and "row" in self:
            return f"row {self['row']}"
        return OF_MANY.get(key, "…")


OF_MANY = {"where": "these rows", "value": "each date", "field": "value", "limit": "the allowed number of"}
