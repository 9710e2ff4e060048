"""What is said of a request, an undo, a contact or an account, by code; and of each HTTP status."""

from webapp.vocabulary.catalogue import Message

REQUEST_MESSAGES = {
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
    "export_too_wide": Message(
        "These contacts have more fields than a sheet has columns ({limit})",
        "Search for fewer of them, or take them as CSV or vCard.",
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
