"""What is said of a request, an undo, a contact or an account, by code; and of each HTTP status."""

from webapp.vocabulary.catalogue import Message

REQUEST_MESSAGES = {
    # Requests
    "too_many_pending": Message(
        "You have {limit} imports that were never run",
        "Run or discard one of them, then upload the file again.",
    ),
    "preview_given_up": Message(
        "What the import would do could not be calculated in advance",
        "You can run it all the same, and undo it afterwards.",
    ),
    "plan_pending": Message(
        "What this import would change is still being calculated",
        "Try again in a few seconds. A large change needs another person's approval first.",
    ),
    "plan_missing": Message(
        "What this import would change could not be calculated",
        "An import that changes more than {above} contacts needs approval here, so "
        "this one cannot run. Import the file in smaller parts.",
    ),
    "plan_changed": Message(
        "The import has changed since approval was requested",
        "Look at what it would change now, then decide again.",
    ),
    "no_approver": Message(
        "This import would change {contacts} contacts. More than {above} need "
        "another person's approval, and there is no such person",
        "Ask an administrator to add or reactivate an account that can approve it.",
    ),
    "approval_unsure": Message(
        "", "Check what the import would change, then tick the box to confirm."
    ),
    "bad_plan": Message("", "Reload the page and decide on what it shows now."),
    "own_request": Message(
        "You requested this import, so another person has to decide",
        "Any importer or administrator can approve or refuse it. You can withdraw "
        "your request.",
    ),
    "may_not_approve": Message(
        "Your account can no longer approve imports", "Ask an administrator to do it."
    ),
    "second_run_large": Message(
        "{rows} rows that were changed since the first run would be imported. More "
        "than {above} need another person's approval, which a second run cannot "
        "request",
        "Download the rows to fix and import them as a file of their own.",
    ),
    "nothing_to_write": Message(
        "This would change nothing",
        "Add new people, or update or merge the people you have.",
    ),
    "invalid_rows_block_start": Message(
        "Rows that need fixing: {rows}",
        "Fix them, leave them out, or let the import skip them.",
    ),
    "act_unknown": Message("This change does not exist", "Look at the list of changes."),
    "act_undone": Message("This change was already undone", "Nothing was changed."),
    "act_too_old": Message(
        "This change can no longer be undone",
        "It was made by an earlier version. Type the value that belongs there.",
    ),
    "no_rows": Message("No row was changed", "No row matches any more. Reload the page."),
    "rows_far_down": Message(
        "Row {row} is too far down to be read at once",
        "Search for the row, or save the file as CSV and upload that.",
    ),
    "too_many_pasted": Message(
        "Too many cells at once", "Paste at most {limit} cells at a time."
    ),
    "correction_under_way": Message(
        "Rows are still being changed",
        "Wait until all {total} are changed ({rows} so far), then try again.",
    ),
    "row_not_in_conflict": Message(
        "Row {row} is not in conflict", "There is nothing to choose. Reload the list."
    ),
    "choice_no_candidate": Message(
        "This contact does not match the row",
        "Choose one of the contacts listed for it, choose a new contact, or leave "
        "the row out.",
    ),
    "choice_of_several": Message(
        "{rows} contacts have this e-mail, phone or ID", "Choose one of them."
    ),
    "choice_not_for_all": Message(
        "Not all rows like it match this contact: {rows} do not",
        "Choose the contact by its key, or choose for this row alone.",
    ),
    "candidate_gone": Message(
        "This contact no longer exists",
        "Choose another contact or a new one, or leave the row out.",
    ),
    "choice_changed": Message(
        "Someone else has already chosen for row {row}",
        "See what they chose. Change it if you want something else.",
    ),
    "choice_taken_back": Message(
        "Someone else has undone the choice for row {row}",
        "Choose again if you want to.",
    ),
    "nothing_failed": Message("No row failed", "There is nothing to run again."),
    "nothing_corrected": Message(
        "No row was fixed, chosen for or included since the import ended",
        "Fix the rows first, then run them.",
    ),
    "nothing_remaining": Message(
        "Every row has been processed", "There are no remaining rows to import."
    ),
    "row_is_in": Message(
        "The row is {outcome}, and that is final",
        "Edit the contact itself, or undo the import.",
    ),
    "stopped_at_first_error": Message(
        "Stopped at the first bad row, as you asked",
        "Fix that row, undo the import if you like, and import again.",
    ),
    "undo_expired": Message(
        "This import can no longer be undone",
        "Edit the contacts by hand. Their earlier values are no longer kept.",
    ),
    "file_gone": Message("The file is no longer stored", "Upload it again."),
    "erase_while_running": Message(
        "{filename} is being imported and may contain this person",
        "Wait until it has finished, then erase the person.",
    ),
    "erase_meanwhile": Message(
        "More about this person was added in the meantime",
        "Check what is listed now, then erase the person again.",
    ),
    "erase_busy": Message(
        "An import is writing to this person right now", "Try again in a few seconds."
    ),
    "export_too_wide": Message(
        "These contacts have more fields than a sheet has columns ({limit})",
        "Search for fewer contacts, or download them as CSV or vCard.",
    ),
    # Undo
    "edited_since": Message("Edited since", "Nothing to do: the later edit was kept."),
    "changed_by_later_import": Message(
        "Changed by a later import", "Undo that import too if you want the old value back."
    ),
    "changed_by_later_row": Message(
        "Changed by a later row of this import",
        "Undo that row too if you want the old value back.",
    ),
    "row_undone": Message("This row was already undone", "Nothing to do."),
    "row_changed_nothing": Message(
        "This row did not change a contact", "There is nothing to undo in it."
    ),
    "row_undo_while_running": Message(
        "This import is still running", "Undo single rows once it has finished."
    ),
    "undo_under_way": Message(
        "An import is being undone right now", "Undo the row once it has finished."
    ),
    "deleted_meanwhile": Message("Deleted since", "Nothing to do: the contact is gone."),
    "merged_since": Message(
        "Merged into another contact since",
        "Nothing to do: what the other contact took was kept.",
    ),
    "refused_on_undo": Message(
        "The database refused",
        "Show the reason to your administrator, then edit or delete the contact.",
    ),
    "key_taken_on_undo": Message(
        "Another contact has this e-mail or ID now",
        "Change the other contact first if you want the old value back.",
    ),
    "change_unknown": Message(
        "There is no such change", "Choose one from the list of recent changes."
    ),
    "change_undone": Message("This change was already undone", "Nothing to do."),
    "change_too_old": Message(
        "This change can no longer be undone",
        "Edit the contact by hand. Its earlier values are no longer kept.",
    ),
    "contact_gone": Message(
        "This contact was deleted", "Undo its deletion first, then this change."
    ),
    "day_not_kept": Message(
        "That day cannot be shown",
        "Choose one from {first} to {last}: earlier values are no longer kept.",
    ),
    "day_alone": Message(
        "Only the whole book can be taken as of an earlier day",
        "Leave the filters out, or the day.",
    ),
    # Contacts by hand
    "contact_busy": Message(
        "An import is writing to this contact right now",
        "Try again in a few seconds.",
    ),
    "contact_changed": Message(
        "This contact was changed while you edited it",
        "Your text is kept below. Save again to apply it.",
    ),
    "contact_changed_on_delete": Message(
        "This contact has changed",
        "Look at it again, then delete it if you still want to.",
    ),
    "pair_unknown": Message(
        "These two contacts are not in the list of possible duplicates any more",
        "Look at the list as it is now.",
    ),
    "contact_invalid": Message("Not saved yet", "Fix the marked fields."),
    "contact_key_taken": Message(
        "Another contact has this e-mail or external ID",
        "Change it here or there, then save again.",
    ),
    "contact_merged": Message(
        "This contact was merged into another one",
        "Change that one instead, or undo the merge first.",
    ),
    "merge_changed": Message(
        "One of these two contacts has changed",
        "Look at both again, then merge them if you still want to.",
    ),
    "merge_gone": Message(
        "One of these two contacts is not in your contacts any more",
        "Look at the list as it is now.",
    ),
    "merge_same": Message(
        "A contact cannot be merged with itself", "Choose another one to merge it with."
    ),
    "merge_too_many": Message(
        "Together these contacts have more than {limit} addresses of one kind",
        "Remove some e-mails or phones first, then merge them.",
    ),
    "main_address_differs": Message(
        "{field} is not the same as the first of {field}s",
        "Use the same in both, or leave one of them out.",
    ),
    # Accounts
    "account_email_invalid": Message("", "Write the e-mail as in name@example.com."),
    "account_email_taken": Message(
        "An account with this e-mail already exists", "Use another address."
    ),
    "account_last_administrator": Message(
        "This is the last administrator who can sign in",
        "Make another person an administrator first.",
    ),
    "account_name_invalid": Message(
        "", "Use a name of at most {limit} characters, on one line."
    ),
    "account_not_administrator": Message(
        "You are no longer an administrator",
        "Ask an administrator to do it.",
    ),
    "account_own": Message(
        "You cannot change your own account here", "Ask another administrator."
    ),
    "account_role_unknown": Message("", "Choose a role: {roles}."),
    "password_too_long": Message("", "Choose a password of at most {limit} characters."),
    "password_too_short": Message("", "Choose a password of at least {limit} characters."),
    "password_untypable": Message(
        "", "Choose a password made of characters that can be typed."
    ),
    "password_changed": Message("Your password was changed", "Other browsers are signed out."),
    "password_wrong": Message("The current password is not right", "Nothing was changed."),
    "sign_in_wrong": Message("", "The e-mail or the password is not right."),
    # What a form or an address holds
    "unstorable_address": Message(
        "The address contains characters that cannot be stored, such as NUL", "Remove them."
    ),
    "unstorable_field": Message(
        "A field contains characters that cannot be stored, such as NUL",
        "Remove them and try again.",
    ),
    "bad_batch_size": Message("", "Use a batch size from 1 to {limit}, or auto."),
    "bad_choice": Message("", "Choose one of the options on the page."),
    "bad_clear_token": Message(
        "", "Use at most {limit} characters, on one line, for the word that clears a field."
    ),
    "bad_constants": Message("", "Set at most {limit} fields for all rows, each only once."),
    "bad_rules": Message("", "Choose for each column: replace, fill or keep."),
    "rule_part_of_name": Message(
        "{part} cannot have a rule of its own",
        "All parts of a name share one rule: set it for the name.",
    ),
    "rule_part_of_address": Message(
        "The whole address has one rule",
        "Remove the rule for {part}, or the rule for the address.",
    ),
    "rule_unknown_column": Message(
        "No column is matched to “{column}”",
        "Set rules only for fields that a column is matched to, or for name, address or tags.",
    ),
    "rule_of_tags": Message(
        "Only tags can have the rule {rule}", "Choose replace, fill or keep."
    ),
    "rules_differ": Message(
        "Columns of one field have different rules",
        "Choose one rule for all columns matched to {label}.",
    ),
    "bad_date_order": Message("", "Choose whether the day or the month comes first."),
    "bad_default_country": Message(
        "", "Choose a country, or give its two letters, such as DE."
    ),
    "bad_delimiter": Message("", "Choose a delimiter from the list."),
    "bad_duplicate_strategy": Message(
        "", "Choose what should happen to the contacts that you already have."
    ),
    "bad_encoding": Message("", "Choose an encoding from the list."),
    "bad_header_row": Message(
        "",
        "Give the header's row as a number from 0 to {limit}. 0 means there are no "
        "column names.",
    ),
    "bad_language": Message("", "Choose a language from the list."),
    "bad_import_id": Message("This is not an import", "Choose one from the list of imports."),
    "bad_line": Message("", "Use {what} of at most {limit} characters, on one line."),
    "bad_mapping": Message(
        "", "For each column, choose a field from the list or leave it out."
    ),
    "bad_match_keys": Message(
        "", "Choose how to recognise people: by external ID, e-mail or phone."
    ),
    "bad_notification_email": Message("", "Enter one e-mail address, as in name@example.com."),
    "bad_sort": Message("", "Choose an order from the list."),
    "bad_cursor": Message("", "Go back to the first page of the list."),
    "bad_day": Message("", "Give a day such as 2025-11-26."),
    "bad_updated_since": Message("", "Give a day such as 2025-11-26."),
    "bad_columns": Message("", "Choose at most 12 columns from the list."),
    # Bulk acts
    "bulk_unknown": Message("There is no such act", "Look at the list of recent changes."),
    "bulk_at_work": Message("This is still being done", "Stop it, or wait until it is done."),
    "bulk_changed_nothing": Message("This changed no contact", "There is nothing to undo."),
    "bulk_no_tag": Message("", "Give at least one tag."),
    "bulk_none_ticked": Message("No contact is ticked", "Tick at least one in the list."),
    "bulk_no_name": Message("", "Give the new name."),
    "bulk_one_tag": Message("", "Give one tag, without a comma."),
    "bulk_no_field": Message(
        "", "Choose a field from the list. E-mails, phones and IDs differ for each contact."
    ),
    "bulk_same": Message("Both names are the same", "Give another one."),
    "bulk_refused": Message("The database refused this contact", "It stays as it was."),
    "bulk_value_unfit": Message(
        "The value does not fit the other field", "It stays where it is."
    ),
    "bulk_field_filled": Message(
        "The other field holds something else", "Both values stay where they are."
    ),
    "too_many_views": Message("You have {limit} views", "Delete one of them first."),
    "view_unknown": Message("There is no such view", "It may have been deleted."),
    "bad_number": Message("", "Give {what} as a whole number from 0 to {limit}."),
    "bad_option": Message("", "Choose {what} from the list."),
    "bad_sheet": Message("", "Choose a sheet from the list."),
    "cell_longer": Message(
        "A cell can hold at most {limit} characters", "Shorten it and try again."
    ),
    "column_unknown": Message(
        "No file has that many columns", "Reload the page and fix the row there."
    ),
    "key_used_before": Message("", "Use a new key for a new file."),
    "other_import": Message("", "Give the import_id of the address."),
    "import_at_work": Message("This import is still running", "Stop it first, then undo it."),
    "no_such_column": Message(
        "No column is matched to {column}",
        "Name a target of the mapping, or a column as column:<n>, counted from 0.",
    ),
    "several_columns": Message(
        "Several columns are matched to {column}",
        "Name the one you mean as column:<n>, counted from 0.",
    ),
    "one_value_alike": Message(
        "Only one cell can be replaced in all rows alike", "Send one value with alike."
    ),
    "row_unknown": Message("This row is not on the list", "Go back to the rows to fix."),
    "wrong_state": Message("", "The import is {standing}; this cannot be asked of it now."),
    # Saved mappings
    "columns_chosen_elsewhere": Message(
        "These columns were checked in another tab since you opened this page",
        "Press Check again to use what you see here instead.",
    ),
    "mapping_unknown": Message(
        "This saved mapping is gone", "Choose another one, or match the columns by hand."
    ),
    "mapping_of_other": Message(
        "This mapping belongs to another person",
        "Ask them, or an administrator, to change it.",
    ),
    "mapping_name_taken": Message(
        "You already have a mapping called “{name}”", "Give this one another name."
    ),
    "bad_name": Message("", "Use a name of at most 80 characters, on one line."),
    "bad_tag": Message("", "Use a tag of at most {limit} characters."),
    # What a status alone says: to programs, and on a page
    "api_400": Message(
        "The request cannot be read", "Send it as the documentation at /api/docs shows."
    ),
    "api_401": Message(
        "No valid token",
        "Send the header Authorization: Bearer and a token that is not revoked.",
    ),
    "api_403": Message(
        "You do not have permission to do this", "Ask an administrator for permission."
    ),
    "api_404": Message("Not found", "Check the address and the id."),
    "api_405": Message(
        "This address does not take that method", "Use one of the methods named in Allow."
    ),
    "api_406": Message(
        "There is no such representation", "Accept application/json or text/event-stream."
    ),
    "api_409": Message(
        "The import's state does not allow this", "Look up the import's current state first."
    ),
    "api_412": Message(
        "It has changed since you read it",
        "Read it again, and send its new version in If-Match.",
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
    "api_500": Message("Something went wrong on our side", "Try again. Nothing was changed."),
    "api_503": Message(
        "The database or the queue cannot be reached",
        "Nothing was changed. Try again in a moment.",
    ),
    "page_400": Message(
        "That request was incomplete",
        "Go back, reload the page and try again. Nothing was changed.",
    ),
    "page_403": Message(
        "You do not have permission to do this", "Ask an administrator for permission."
    ),
    "page_404": Message("Page not found", "Check the address, or go to your imports."),
    "page_405": Message(
        "This address does not accept that request", "Go back and use the button on the page."
    ),
    "page_413": Message(
        "The file is too large", "Split it into smaller files and upload them one by one."
    ),
    "upload_too_large": Message(
        "",
        "A file may have up to {limit_mb} MB, and rows that you paste up to {pasted_mb} MB. Split it, or "
        "save the rows as a file.",
    ),
    "page_422": Message(
        "This cannot be used as it is",
        "Correct it and try again. Nothing was changed.",
    ),
    "page_429": Message("Too many attempts", "Wait a minute, then try again."),
    "page_500": Message("Something went wrong on our side", "Nothing was changed. Try again."),
    "page_503": Message(
        "The database cannot be reached",
        "Nothing is lost. Running imports continue by themselves. Reload the page "
        "in a moment.",
    ),
    "page_507": Message(
        "The disk is full",
        "Nothing was stored. Ask your administrator to free some space, then try again.",
    ),
    "other_host": Message("", "This site does not answer under that name."),
    "queue_away": Message(
        "The queue cannot be reached", "Nothing was changed. Try again in a moment."
    ),
    # Reports on paper
    "pdf_failed": Message("The PDF could not be made", "The CSV report contains everything."),
    "pdf_busy_here": Message(
        "Two reports are already being made", "Yours is tried again in a moment."
    ),
    "pdf_busy": Message("Two reports are already being made", "Try again in a few seconds."),
    "pdf_without_pango": Message(
        "",
        "The libraries for PDF are missing on the worker's machine. On Debian or Ubuntu, "
        "apt-get install libpango-1.0-0 libpangoft2-1.0-0 fonts-dejavu-core brings them.",
    ),
    "pdf_too_much": Message(
        "",
        "The report was too large to make as a PDF. The CSV report contains everything.",
    ),
}
