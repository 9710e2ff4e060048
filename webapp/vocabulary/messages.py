"""The one catalogue of sentences: what each code says to a person, a title and an instruction.

Only codes and facts are stored and passed on; they become words here, as late as they can. Each
sentence is a message of gettext under its English text, and `xgettext --keyword=Message:1
--keyword=Message:2` lists them for a translator. `translations` is the catalogue in use. English,
the only language so far, needs none: it is the texts themselves.
"""

import gettext
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webapp.vocabulary.fields import LONGEST_CUSTOM_VALUE, TARGETS, label_of


@dataclass(frozen=True)
class Message:
    """`title` names the problem in a few words; `instruction` says what to do. {facts} are filled in.

    The title is "" where the instruction alone says it all.
    """

    title: str
    instruction: str


MESSAGES = {
    # Files
    "empty_file": Message(
        "The file is empty", "Choose a file that has a header line and at least one row."
    ),
    "only_header": Message(
        "The file has a header and nothing below it",
        "Choose a file with at least one row under the header.",
    ),
    "not_text": Message(
        "This is not a table",
        "Save it as CSV (UTF-8) or as an Excel workbook (.xlsx) and upload that.",
    ),
    "is_pdf": Message(
        "This is a PDF", "Export the table it was made from as CSV or .xlsx and upload that."
    ),
    "is_html": Message(
        "This is a web page", "Export the table as CSV or .xlsx and upload that."
    ),
    "is_image": Message(
        "This is a picture", "Export the contacts as CSV or .xlsx and upload that."
    ),
    "is_program": Message(
        "This is a program", "Choose the CSV or .xlsx file with your contacts."
    ),
    "is_archive": Message(
        "This is an archive", "Unpack it and upload the CSV or .xlsx file inside."
    ),
    "is_old_excel": Message(
        "This is an old Excel file (.xls)",
        "Open it in Excel, save it as .xlsx or CSV and upload that.",
    ),
    "is_protected": Message(
        "The workbook is protected by a password",
        "Open it in Excel, take the password off, save it and upload that.",
    ),
    "is_opendocument": Message(
        "This is an OpenDocument file",
        "Open it in LibreOffice, save the sheet as .xlsx or CSV and upload that.",
    ),
    "is_document": Message(
        "This is a text document",
        "Put the table into a spreadsheet, save it as CSV or .xlsx and upload that.",
    ),
    "is_vcard": Message(
        "This is a vCard file",
        "Export the contacts from your address book as CSV and upload that.",
    ),
    "wrong_name": Message(
        "Files named {extension} are not read",
        "Save the table as .csv, .tsv, .txt or .xlsx and upload that.",
    ),
    "too_large": Message(
        "The file is larger than {limit_mb} MB",
        "Split it into files of at most {limit_mb} MB and upload them one by one.",
    ),
    "too_many_rows": Message(
        "The file has more than {limit} rows", "Split it into files of at most {limit} rows."
    ),
    "too_many_columns": Message(
        "The file has {found} columns; at most {limit} are read",
        "Delete the columns that you do not need.",
    ),
    "workbook_too_large": Message(
        "The workbook unpacks to more than can be read safely",
        "Save the sheet as CSV and upload that.",
    ),
    "no_rows_at_the_top": Message(
        "There is no text in the first {looked_at} rows of the workbook",
        "Delete the empty rows above the table, or save the sheet as CSV and upload that.",
    ),
    "workbook_unsafe": Message(
        "The workbook holds declarations that no spreadsheet writes",
        "Save the sheet as CSV and upload that.",
    ),
    "workbook_broken": Message(
        "The workbook cannot be read", "Open it in Excel, save it again and upload that."
    ),
    "unknown_sheet": Message(
        "There is no sheet named {sheet}", "Choose one of the sheets of the workbook."
    ),
    "unknown_encoding": Message(
        "{encoding} is not an encoding", "Choose an encoding from the list."
    ),
    "unknown_header_row": Message(
        "Row {row} holds no column names",
        "Choose one of the first rows, or 0 where no row names the columns.",
    ),
    "no_file": Message("No file was chosen", "Choose a file first."),
    # Columns
    "unknown_target": Message(
        "“{target}” is not a field", "Choose a field from the list for column {column}."
    ),
    "target_twice": Message(
        "{label} is chosen for two columns",
        "Keep it for one of them, and make the other a custom field or leave it out.",
    ),
    "unknown_country": Message(
        "“{country}” is not the code of a country",
        "Give its two letters, as in DE for Germany, or leave it blank.",
    ),
    "mapping_length": Message(
        "The list of columns does not fit the file",
        "Give one target for each of {columns} columns.",
    ),
    "nothing_mapped": Message(
        "No column says who the contact is",
        "Choose a column for the e-mail, the phone, the external ID or a name.",
    ),
    # Cells and rows
    "undecodable": Message(
        "Characters that the encoding does not know",
        "Choose another encoding on the columns page, or type this row's text again.",
    ),
    "unclosed_quote": Message(
        "A quote is opened and not closed", "Close the quote in {where}, or delete it."
    ),
    "damaged_characters": Message(
        "Characters that were lost before the upload (�)",
        "Type this text again if you know what it was; it is kept as it stands.",
    ),
    "cell_too_long": Message("A cell is too long", "Shorten the longest cell of {where}."),
    "row_too_long": Message(
        "A row is too long",
        "Shorten {where}, or check that the file has line ends: a row has millions of characters.",
    ),
    "formula_without_value": Message(
        "A formula that was never computed",
        "Open the workbook in Excel, save it and upload it again, or type the value.",
    ),
    "too_many_cells": Message(
        "More cells than columns",
        "Put cells that hold the delimiter into quotes, or delete what stands beyond the last column.",
    ),
    "email_no_at": Message(
        "The e-mail has no @", "Give the e-mail an @, as in name@example.com."
    ),
    "email_invalid": Message(
        "The e-mail is not an address", "Write the e-mail as in name@example.com."
    ),
    "email_exchange": Message(
        "An address within Exchange is no e-mail",
        "It is left out, and the contact keeps its e-mail. Give the address as in "
        "name@example.com to have it.",
    ),
    "too_long": Message(
        "A value is too long", "Shorten the {field} to at most {limit} characters."
    ),
    "phone_unreadable": Message(
        "The phone number is not recognised",
        "Nothing to do: it is kept as it stands. With a country code it could be matched.",
    ),
    "phone_shortened": Message(
        "A spreadsheet shortened the phone number",
        "It is left out, and the contact keeps its number. Format the column as text and type "
        "the whole number again to have it.",
    ),
    "date_ambiguous": Message(
        "Day or month first?", "Say whether {value} has the day or the month first."
    ),
    "date_future": Message(
        "The birthday is yet to come", "Write the birthday with its year, as 1985-04-23."
    ),
    "date_incomplete": Message(
        "The birthday has no day",
        "It is left out, and the contact keeps its birthday. Write it as 1985-04-23, or as "
        "--04-23 where only the day is known.",
    ),
    "date_zone": Message(
        "The birthday may be a day off",
        "Check {value}: it names a time in Greenwich, which further east is the next day.",
    ),
    "date_unreadable": Message(
        "The birthday is not a date", "Write the birthday as 1985-04-23."
    ),
    "no_identity": Message(
        "No e-mail, phone or name", "Give {where} an e-mail, a phone or a name."
    ),
    # Outcomes
    "two_contacts": Message(
        "Match two different contacts", "Say which of two contacts these rows mean."
    ),
    "key_taken": Message(
        "The e-mail or ID belongs to another contact",
        "Give the row its own e-mail and ID, or match on them.",
    ),
    "stronger_key_differs": Message(
        "The e-mail fits, the ID does not",
        "Correct the ID or the e-mail: they name different contacts.",
    ),
    "joins_row": Message(
        "The same contact as an earlier row",
        "This row is about the same contact as row {row}.",
    ),
    "left_out": Message("Left out by you", "Nothing to do: you left these rows out."),
    "database_error": Message(
        "The database refused the row",
        "Correct the row as the message says, and run it again.",
    ),
    "batch_failed": Message(
        "The batch failed three times",
        "Run the failed rows again; nothing of them was written.",
    ),
    "workers_lost": Message(
        "The batch ended three workers",
        "See in the worker's log what ended them, then run the failed rows again; nothing of them was written.",
    ),
    "check_broken_off": Message(
        "The check of this file broke off three times",
        "Upload the file again; if that does not help, split it.",
    ),
    # Requests
    "too_many_pending": Message(
        "You have {limit} imports that were never run",
        "Finish or discard one of them, then upload the file again.",
    ),
    "preview_given_up": Message(
        "What it would do could not be worked out beforehand",
        "Run it all the same: it can be taken back.",
    ),
    "invalid_rows_block_start": Message(
        "{rows} rows are invalid",
        "Correct or leave out the invalid rows, or let the import skip them.",
    ),
    "correction_under_way": Message(
        "Rows are still being changed",
        "Wait until all {total} are ({rows} are by now), then ask for it again.",
    ),
    "nothing_failed": Message("No row failed", "There is nothing to run again."),
    "stopped_at_first_error": Message(
        "Stopped at the first bad row, as you asked",
        "Correct that row, roll back if you like, and import again.",
    ),
    "undo_expired": Message(
        "The time to take it back is over",
        "Edit the contacts by hand: what they were before is no longer kept.",
    ),
    "file_gone": Message("The file is no longer kept", "Upload it again."),
    "erase_while_running": Message(
        "{filename} is being worked on and may hold this person",
        "Wait until it has ended, then erase the person.",
    ),
    "erase_meanwhile": Message(
        "More came in while this person was looked for",
        "Look at what is listed now, then erase the person again.",
    ),
    "erase_busy": Message(
        "An import is writing to this person at this moment", "Erase them in a few seconds."
    ),
    # Undo
    "edited_since": Message("Edited since", "Nothing to do: the later edit was kept."),
    "changed_by_later_import": Message(
        "Changed by a later import", "Roll that import back too, if you want the old value."
    ),
    "deleted_meanwhile": Message("Deleted meanwhile", "Nothing to do: the contact is gone."),
    "refused_on_undo": Message(
        "The database refused",
        "Show the reason to the administrator of the database; then edit or delete the contact.",
    ),
    "key_taken_on_undo": Message(
        "Another contact has this e-mail or ID now",
        "Change the other contact first if you want the old value back.",
    ),
    "change_unknown": Message(
        "There is no such change", "Choose one from the list of recent changes."
    ),
    "change_undone": Message("This change was undone already", "Nothing to do."),
    "change_too_old": Message(
        "The time to undo this change is over",
        "Edit the contact by hand: what it was before is no longer kept.",
    ),
    "contact_gone": Message(
        "The contact is no longer in the book", "Undo its deletion first, then this change."
    ),
    # Contacts by hand
    "contact_busy": Message(
        "An import is writing to this contact at this moment",
        "Send it again in a few seconds.",
    ),
    "contact_changed": Message(
        "This contact was changed while you edited it",
        "Your text is kept below; save again to put it in.",
    ),
    "contact_changed_on_delete": Message(
        "This contact was changed meanwhile",
        "Look at it again, then delete it if you still want to.",
    ),
    "contact_invalid": Message("Nothing was saved yet", "Correct the marked fields."),
    "contact_key_taken": Message(
        "Another contact has this e-mail or external ID",
        "Change it here or there, then save again.",
    ),
    # Accounts
    "account_email_invalid": Message("", "Write the e-mail as in name@example.com."),
    "account_email_taken": Message(
        "There is an account with this e-mail already", "Use another address."
    ),
    "account_last_administrator": Message(
        "This is the last administrator who can sign in", "Make another one first."
    ),
    "account_name_invalid": Message(
        "", "Give a name of at most {limit} characters in one line."
    ),
    "account_not_administrator": Message(
        "Another administrator changed your own account meanwhile",
        "Ask an administrator to do it.",
    ),
    "account_own": Message(
        "Nothing was changed", "Another administrator can change your own account."
    ),
    "account_role_unknown": Message("", "Choose a role: {roles}."),
    "password_too_long": Message("", "Choose a password of at most {limit} characters."),
    "password_too_short": Message("", "Choose a password of at least {limit} characters."),
    "password_untypable": Message("", "Choose a password of characters that can be typed."),
    "password_changed": Message("The password is changed", "Other browsers are signed out."),
    "password_wrong": Message("The present password is not right", "Nothing was changed."),
    "sign_in_wrong": Message("", "The e-mail or the password is not right."),
    # What a form or an address holds
    "unstorable_address": Message(
        "The address holds characters that cannot be kept, such as NUL", "Leave them out."
    ),
    "unstorable_field": Message(
        "A field holds characters that cannot be kept, such as NUL",
        "Leave them out and send it again.",
    ),
    "bad_batch_size": Message("", "Give a batch size from 1 to {limit}, or auto."),
    "bad_choice": Message("", "Choose from what the page offers."),
    "bad_clear_token": Message(
        "", "Give a clear token of at most {limit} characters in one line."
    ),
    "bad_date_order": Message("", "Choose whether the day or the month comes first."),
    "bad_default_country": Message("", "Give the country by its two letters, as in DE."),
    "bad_delimiter": Message("", "Choose a delimiter from the list."),
    "bad_duplicate_strategy": Message(
        "", "Choose what should happen to the contacts that you already have."
    ),
    "bad_encoding": Message("", "Choose an encoding from the list."),
    "bad_header_row": Message(
        "",
        "Give the row of the header as a number from 0 to {limit}. 0 says that there is none.",
    ),
    "bad_import_id": Message("That is no import", "Choose it from the list of imports."),
    "bad_line": Message("", "Give {what} of at most {limit} characters in one line."),
    "bad_mapping": Message(
        "", "Choose for each column a field from the list, or that it is left out."
    ),
    "bad_match_keys": Message(
        "", "Choose by what contacts are found: the external ID, the e-mail or the phone."
    ),
    "bad_notification_email": Message(
        "", "Write one e-mail address, as in name@example.com. Several cannot be told."
    ),
    "bad_number": Message("", "Give {what} as a whole number from 0 to {limit}."),
    "bad_option": Message("", "Choose {what} from the list."),
    "bad_sheet": Message("", "Choose a sheet from the list."),
    "cell_longer": Message(
        "A cell holds at most {limit} characters", "Shorten it and send it again."
    ),
    "column_unknown": Message(
        "No file has so many columns", "Reload the page and correct the row there."
    ),
    "key_used_before": Message("", "Use a new key for a new file."),
    "other_import": Message("", "Give the import_id of the address."),
    "import_at_work": Message(
        "This import is still at work", "Stop it first, then roll it back."
    ),
    "row_unknown": Message(
        "This row is not on the list", "Go back to the rows with a problem."
    ),
    "wrong_state": Message("", "The import is {standing}; this cannot be asked of it now."),
    # What a status alone says: to programs, and on a page
    "api_400": Message(
        "The request cannot be read", "Send it as the documentation at /api/docs shows."
    ),
    "api_401": Message(
        "No valid token",
        "Send the header Authorization: Bearer and a token that is not revoked.",
    ),
    "api_403": Message(
        "Your role does not allow this", "Ask an administrator to give you the right to do it."
    ),
    "api_404": Message("There is nothing here", "Check the address and the id."),
    "api_405": Message(
        "This address does not take that method", "Use one of the methods named in Allow."
    ),
    "api_406": Message(
        "There is no such representation", "Accept application/json or text/event-stream."
    ),
    "api_409": Message(
        "The import's state does not allow this", "Look at the import's present state first."
    ),
    "api_413": Message("The request is too large", "Send less at once."),
    "api_415": Message(
        "This content type is not read", "Send application/json or multipart/form-data."
    ),
    "api_422": Message(
        "The request breaks the contract", "Correct the fields that are named in errors."
    ),
    "api_429": Message(
        "Too many requests at once", "Wait as long as Retry-After says, in seconds."
    ),
    "api_500": Message(
        "Something went wrong on our side", "Try it again; nothing was changed."
    ),
    "api_503": Message(
        "The database or the queue is out of reach",
        "Nothing was changed. Try again in a moment.",
    ),
    "page_400": Message(
        "That request is incomplete",
        "Go back, reload the page and send it again. Nothing was changed.",
    ),
    "page_403": Message(
        "Your role does not allow this", "Ask an administrator to give you the right to do it."
    ),
    "page_404": Message(
        "There is nothing here", "Check the address, or go to the list of imports."
    ),
    "page_405": Message(
        "This address does not take that request", "Go back and use the button on the page."
    ),
    "page_413": Message(
        "The file is too large", "Split it into smaller files and upload them one by one."
    ),
    "page_422": Message(
        "This cannot be used as it is",
        "Correct what you gave and send it again. Nothing was changed.",
    ),
    "page_429": Message("Too many tries", "Wait a minute, then try again."),
    "page_500": Message(
        "Something went wrong on our side", "Nothing was changed. Try it again."
    ),
    "page_503": Message(
        "The database is out of reach",
        "Nothing is lost; running imports go on by themselves. Reload in a moment.",
    ),
    "page_507": Message(
        "The disk is full",
        "Nothing was stored. Ask the administrator for room, then send it again.",
    ),
    "other_host": Message("", "This site does not answer under that name."),
    "queue_away": Message(
        "The queue is out of reach", "Nothing was changed; try again in a moment."
    ),
    # Reports on paper
    "pdf_failed": Message("The PDF cannot be made", "The CSV report has it all."),
    "pdf_busy_here": Message(
        "Two reports are being made already", "This one is tried again in a moment."
    ),
    "pdf_busy": Message("Two reports are being made already", "Ask again in a few seconds."),
    "pdf_without_pango": Message(
        "",
        "The libraries for PDF are missing on the worker's machine. On Debian or Ubuntu, "
        "apt-get install libpango-1.0-0 libpangoft2-1.0-0 fonts-dejavu-core brings them.",
    ),
    "pdf_too_much": Message(
        "",
        "The report took too long or too much memory to put on paper. The CSV report has all of it.",
    ),
}


translations = gettext.NullTranslations()


def title(code: str, **facts: Any) -> str:
    """The problem in a few words; an unknown code speaks for itself."""
    return _filled_in(MESSAGES[code].title, facts) if code in MESSAGES else code


def instruction(code: str, **facts: Any) -> str:
    """What to do about it, with the facts filled in."""
    return _filled_in(MESSAGES[code].instruction, facts) if code in MESSAGES else code


def _filled_in(text: str, facts: Mapping[str, Any]) -> str:
    """A message in the language in use; the text "" would be the head of a catalogue."""
    return translations.gettext(text).format_map(_Facts(facts)) if text else ""


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
    """What is wrong and what to do, in one or two sentences; an unknown code speaks for itself."""
    if code not in MESSAGES:
        return code
    return ". ".join(filter(None, (title(code, **facts), instruction(code, **facts))))


class _Facts(dict[str, Any]):
    """Facts for a sentence.

    Where one is missing, the sentence speaks of all the rows that it may be about.
    """

    def __missing__(self, key: str) -> str:
        if key == "where" and "row" in self:
            return f"row {self['row']}"
        if key == "standing" and "state" in self:
            return str(self["state"]).replace("_", " ")

        return OF_MANY.get(key, "…")


OF_MANY = {
    "where": "these rows",
    "value": "each date",
    "field": "value",
    "limit": "the allowed number of",
}
