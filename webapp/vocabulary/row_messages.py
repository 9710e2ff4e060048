"""What is said of a file, its columns and its rows, by code."""

from webapp.vocabulary.catalogue import Message, ngettext_noop

ROW_MESSAGES = {
    # Files
    "empty_file": Message(
        "The file is empty", "Choose a file that has a header line and at least one row."
    ),
    "only_header": Message(
        "The file has a header but no rows",
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
        "This old Excel file (.xls) cannot be read",
        "Open it in Excel, save it as .xlsx or CSV and upload that.",
    ),
    "too_many_old_rows": Message(
        "Only {limit} rows of an .xls or .xlsb file can be read",
        "Open it in Excel, save it as CSV or .xlsx and upload that.",
    ),
    "is_protected": Message(
        "The workbook is protected by a password",
        "Open it in Excel, remove the password, save it and upload that.",
    ),
    "is_opendocument": Message(
        "This is an OpenDocument file",
        "Open it in LibreOffice, save the sheet as .xlsx or CSV and upload that.",
    ),
    "is_document": Message(
        "This is a text document",
        "Put the table into a spreadsheet, save it as CSV or .xlsx and upload that.",
    ),
    "vcard_broken": Message(
        "This vCard file holds no complete card",
        "Export the contacts from your address book again, as vCard or as CSV, and upload that.",
    ),
    "archive_broken": Message(
        "The archive cannot be unpacked", "Pack the file again, or upload it unpacked."
    ),
    "archive_too_large": Message(
        "The archive is too large to unpack safely",
        "Unpack it and upload the file inside.",
    ),
    "archive_protected": Message(
        "The archive is protected by a password", "Unpack it and upload the file inside."
    ),
    "is_json": Message(
        "This is a JSON file",
        "Export the contacts as CSV from the program that wrote it, and upload that.",
    ),
    "is_ldif": Message(
        "This is an LDIF file",
        "In Thunderbird, choose Tools, Export in the address book and the format CSV; or export "
        "the directory as CSV. Upload that.",
    ),
    "is_numbers": Message(
        "This is a Numbers file",
        "In Numbers, choose File, Export To, CSV or Excel, and upload that.",
    ),
    "is_outlook": Message(
        "This is an Outlook data file",
        "In Outlook, choose File, Open & Export, Import/Export, Export to a file, Comma Separated "
        "Values, then Contacts, and upload that.",
    ),
    "is_database": Message(
        "This is an Access database",
        "In Access, export the table as an Excel workbook or as text, and upload that.",
    ),
    "wrong_name": Message(
        "We cannot read {extension} files",
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
        "The file has {found} columns; the limit is {limit}",
        "Delete the columns you do not need.",
    ),
    "workbook_too_large": Message(
        "The workbook is too large to read safely",
        "Save the sheet as CSV and upload that.",
    ),
    "no_rows_at_the_top": Message(
        "The first {looked_at} rows of the workbook are empty",
        "Delete the empty rows above the table, or save the sheet as CSV and upload that.",
    ),
    "workbook_unsafe": Message(
        "The workbook contains declarations that no spreadsheet program writes",
        "Save the sheet as CSV and upload that.",
    ),
    "workbook_broken": Message(
        "The workbook cannot be read", "Open it in Excel, save it again and upload that."
    ),
    "unknown_sheet": Message(
        "There is no sheet named {sheet}", "Choose one of the sheets of the workbook."
    ),
    "no_delimiter": Message(
        "Only spaces separate the columns of this file",
        "Save the table as CSV, with a comma or a tab between columns, and upload that.",
    ),
    "unknown_encoding": Message(
        "{encoding} is not an encoding", "Choose an encoding from the list."
    ),
    "unknown_header_row": Message(
        "Row {row} holds no column names",
        "Choose one of the first rows, or 0 if there are no column names.",
    ),
    "no_file": Message("No file was chosen", "Choose a file first."),
    # Columns
    "unknown_target": Message(
        "“{target}” is not a field", "Choose a field from the list for column {column}."
    ),
    "target_twice": Message(
        "{label} is chosen for two columns",
        "Keep it for one of them. Make the other a custom field, or leave it out.",
    ),
    "unknown_country": Message(
        "“{country}” is not a country code",
        "Use two letters, such as DE for Germany, or leave it blank.",
    ),
    "mapping_length": Message(
        "The list of columns does not match the file",
        "Give one target for each of {columns} columns.",
    ),
    "nothing_mapped": Message(
        "No column says who the contact is",
        "Choose a column for the e-mail, the phone, the external ID or a name.",
    ),
    # What holds for all rows
    "constant_unknown": Message(
        "“{target}” is not a field", "Choose a field from the list for the value of all rows."
    ),
    "constant_mapped": Message(
        "A column is already matched to {label}",
        "Remove the value for all rows, or leave out that column.",
    ),
    "constant_of_one": Message(
        "{label} differs from person to person",
        "It cannot be the same for all rows. Choose another field.",
    ),
    "constant_tags": Message(
        "A tag for all rows is not a field value", "Enter it as the tag for all rows."
    ),
    "constant_twice": Message("{label} has two values for all rows", "Keep one of them."),
    "constant_without_field": Message(
        "“{value}” has no field", "Choose a field for it, or remove it."
    ),
    "constant_blank": Message(
        "The value of {label} for all rows is empty", "Enter a value, or remove it."
    ),
    # Cells and rows
    "undecodable": Message(
        "Characters that do not fit the encoding",
        "Choose another encoding on the columns page, or type this row's text again.",
        counted=ngettext_noop("row does not fit the encoding", "rows do not fit the encoding"),
    ),
    "unclosed_quote": Message(
        "A quote is opened and never closed",
        "Close the quote in {where}, or delete it.",
        counted=ngettext_noop("quote is never closed", "quotes are never closed"),
    ),
    "quote_repaired": Message(
        "A quote is in the wrong place",
        "Check that we read {where} correctly.",
        counted=ngettext_noop("quote is in the wrong place", "quotes are in the wrong place"),
    ),
    "text_spoilt": Message(
        "Letters were garbled before the upload, such as Ã¼ for ü",
        "Choose to repair them on the columns page, or type this row's text again.",
        counted=ngettext_noop(
            "row was garbled before the upload", "rows were garbled before the upload"
        ),
    ),
    "other_encoding": Message(
        "This row has a different encoding from the rest of the file",
        "Check that its accents are right.",
        counted=ngettext_noop(
            "row has a different encoding from the rest",
            "rows have a different encoding from the rest",
        ),
    ),
    "column_overrun": Message(
        "Some text runs over the edge of its column",
        "Type the cells of this row again, or give the columns more room in the file.",
    ),
    "damaged_characters": Message(
        "Characters were lost before the upload (�)",
        "Type the text again if you know it. Otherwise it is imported unchanged.",
        counted=ngettext_noop(
            "row lost characters before the upload (�)",
            "rows lost characters before the upload (�)",
        ),
    ),
    "cell_too_long": Message(
        "A cell is too long",
        "Shorten the longest cell of {where}.",
        counted=ngettext_noop(
            "row has a cell that is too long", "rows have a cell that is too long"
        ),
    ),
    "row_too_long": Message(
        "A row is too long",
        "Shorten {where}, or check that the file has line breaks: one row has "
        "millions of characters.",
        counted=ngettext_noop("row is too long", "rows are too long"),
    ),
    "formula_without_value": Message(
        "A formula has no computed value",
        "Open the workbook in Excel, save it and upload it again, or type the value.",
        counted=ngettext_noop(
            "formula has no computed value", "formulas have no computed value"
        ),
    ),
    "cell_error": Message(
        "A formula without a result",
        "Nothing to do: a cell such as #N/A counts as blank. Correct the formula if "
        "you need its value.",
        counted=ngettext_noop("formula has no result", "formulas have no result"),
    ),
    "row_hidden": Message(
        "Hidden or filtered out in the workbook",
        "Nothing to do: hidden rows are imported like the others. Leave them out "
        "here if they should not be imported.",
        counted=ngettext_noop(
            "row is hidden or filtered out in the workbook",
            "rows are hidden or filtered out in the workbook",
        ),
    ),
    "too_many_cells": Message(
        "More cells than columns",
        "Put quotes around cells that contain the delimiter, or delete what stands "
        "beyond the last column.",
        counted=ngettext_noop(
            "row has more cells than columns", "rows have more cells than columns"
        ),
    ),
    "email_no_at": Message(
        "The e-mail has no @",
        "Write the e-mail with an @, as in name@example.com.",
        counted=ngettext_noop("e-mail has no @", "e-mails have no @"),
    ),
    "email_invalid": Message(
        "This is not an e-mail address",
        "Write the e-mail as in name@example.com.",
        "{value} is not an e-mail address.",
        counted=ngettext_noop("e-mail is not an address", "e-mails are not addresses"),
    ),
    "address_taken": Message(
        "Another contact has this address",
        "Another contact has “{value}”. Change it here or there, then save again.",
    ),
    "address_twice": Message(
        "The same address twice", "Remove one: “{value}” stands here twice."
    ),
    "too_many_addresses": Message(
        "Too many addresses", "A contact can have at most {most} of these. Remove some."
    ),
    "email_further_invalid": Message(
        "A further e-mail is not an address",
        "The row is imported without “{value}”. Write it as in name@example.com to "
        "include it.",
        counted=ngettext_noop(
            "further e-mail is not an address", "further e-mails are not addresses"
        ),
    ),
    "addresses_exceed": Message(
        "More e-mails or phones than a contact can have",
        "A contact can have at most 20 of each. “{value}” and any after it are left "
        "out. Delete others to include it.",
        counted=ngettext_noop(
            "row has more e-mails or phones than a contact can have",
            "rows have more e-mails or phones than a contact can have",
        ),
    ),
    "clear_ignored": Message(
        "The word that clears a field was ignored",
        "Nothing is cleared: the word only works in the first column of the "
        "{field}, and only where no other column has a value.",
    ),
    "cell_dropped": Message(
        "Imported without one bad cell",
        "The row is imported without “{value}”, which is not a valid {field}. A "
        "contact you already have keeps its own. Type the right value to include "
        "it.",
        counted=ngettext_noop(
            "row comes in without a bad cell", "rows come in without a bad cell"
        ),
    ),
    "email_exchange": Message(
        "An Exchange address is not an e-mail",
        "It is left out, and the contact keeps its e-mail. Write the address as in "
        "name@example.com to include it.",
        counted=ngettext_noop(
            "Exchange address is not an e-mail", "Exchange addresses are not e-mails"
        ),
    ),
    "word_in_name": Message(
        "A placeholder in a name",
        "Nothing to do if “{value}” really is a name. Otherwise delete it.",
        counted=ngettext_noop("name holds a placeholder", "names hold a placeholder"),
    ),
    "read_as_blank": Message(
        "Placeholders read as blank",
        "Keep them where they mean something.",
        counted=ngettext_noop(
            "row has placeholders that are read as blank",
            "rows have placeholders that are read as blank",
        ),
    ),
    "value_repeated": Message(
        "One value fills most of a column",
        "Read “{value}” as blank if it is only a placeholder.",
    ),
    "too_long": Message(
        "A value is too long",
        "Shorten the {field} to at most {limit} characters.",
        counted=ngettext_noop("value is too long", "values are too long"),
    ),
    "email_misspelt": Message(
        "The domain of the e-mail looks misspelt",
        "Check the ending of {value}. It is imported as it stands.",
        counted=ngettext_noop(
            "e-mail looks misspelt behind the @", "e-mails look misspelt behind the @"
        ),
    ),
    "phone_unreadable": Message(
        "The phone number is not recognised",
        "We kept it as written. Add a country code to match on it.",
        counted=ngettext_noop(
            "phone number is not recognised", "phone numbers are not recognised"
        ),
    ),
    "phone_shortened": Message(
        "A spreadsheet has cut this phone number",
        "It is left out, and the contact keeps its number. Export the column as "
        "text, or type the whole number again.",
        counted=ngettext_noop(
            "phone number was cut by a spreadsheet", "phone numbers were cut by a spreadsheet"
        ),
    ),
    "date_ambiguous": Message(
        "Day or month first?",
        "Say whether the day or the month comes first in {value}.",
        counted=ngettext_noop(
            "date may have the day or the month first",
            "dates may have the day or the month first",
        ),
    ),
    "date_future": Message(
        "The birthday is in the future",
        "Write the birthday with its year, such as 1985-04-23.",
        "{value} is yet to come.",
        counted=ngettext_noop("birthday is in the future", "birthdays are in the future"),
    ),
    "date_incomplete": Message(
        "The birthday has no day",
        "It is left out, and the contact keeps its birthday. Write it as "
        "1985-04-23, or as --04-23 if you only know the day.",
        counted=ngettext_noop("birthday has no day", "birthdays have no day"),
    ),
    "date_zone": Message(
        "The birthday may be a day off",
        "Check {value}: it is a time in Greenwich, and further east it was already "
        "the next day.",
        counted=ngettext_noop("birthday may be a day off", "birthdays may be a day off"),
    ),
    "date_unreadable": Message(
        "The birthday is not a date",
        "Use year-month-day, such as 1985-04-23.",
        "{value} is not a date.",
        counted=ngettext_noop("birthday is not a date", "birthdays are not dates"),
    ),
    "not_a_contact": Message(
        "Lines that are not contacts",
        "Nothing to do: footers, totals, rules and repeated headers are left out. "
        "Include it if it is a contact.",
        counted=ngettext_noop("line is not a contact", "lines are not contacts"),
    ),
    "continues_row": Message(
        "Lines that continue the row above",
        "It continues row {value} and is not a contact of its own. Include it if it is one.",
        counted=ngettext_noop("line continues the row above", "lines continue the row above"),
    ),
    "lines_joined": Message(
        "Text that was broken into lines",
        "Check that “{value}” belongs to this row: in the file it is on a line of its own.",
        counted=ngettext_noop("text was broken into lines", "texts were broken into lines"),
    ),
    "only_a_name": Message(
        "Only a name",
        "Check whether this is a contact: the line holds only “{value}”.",
        counted=ngettext_noop("row holds only a name", "rows hold only a name"),
    ),
    "perhaps_continues": Message(
        "No ID or name, unlike the rows above",
        "Check whether this is a contact of its own or continues row {value}.",
    ),
    "no_identity": Message(
        "No e-mail, phone or name",
        "Give {where} an e-mail, a phone or a name.",
        counted=ngettext_noop(
            "row has no e-mail, phone or name", "rows have no e-mail, phone or name"
        ),
    ),
    # Outcomes
    "two_contacts": Message(
        "Matches two of your contacts", "Choose which of them the row means."
    ),
    "key_taken": Message(
        "The e-mail or ID belongs to another contact",
        "Choose whether the row means that contact or a new one.",
    ),
    "stronger_key_differs": Message(
        "Same e-mail, different ID",
        "Choose whether the row means that contact or a new one.",
    ),
    "other_name": Message(
        "Perhaps another person with the same e-mail or ID",
        "The contact with this e-mail or ID has another name. Check which of the "
        "two is right.",
        counted=ngettext_noop(
            "row may be another person with the same e-mail or ID",
            "rows may be other people with the same e-mail or ID",
        ),
    ),
    "choice_gone": Message(
        "The chosen contact no longer matches",
        "It was deleted, or no longer has the row's e-mail, phone or ID. Choose again.",
    ),
    "key_left_out": Message(
        "Imported without an e-mail, phone or ID that belongs to another contact",
        "Nothing to do: as you chose, the other contact keeps it.",
    ),
    "joins_row": Message(
        "The same contact as an earlier row",
        "This row is about the same contact as row {row}.",
    ),
    "left_out": Message("Left out by you", "Nothing to do: you left these rows out."),
    "database_error": Message(
        "The database refused the row",
        "Correct the row as the message says, then run it again.",
    ),
    "batch_failed": Message(
        "The batch failed three times",
        "Run the failed rows again. None of them was written.",
    ),
    "workers_lost": Message(
        "The batch stopped three workers",
        "Check the worker's log, then run the failed rows again. None of them was written.",
    ),
    "check_broken_off": Message(
        "Checking this file was interrupted three times",
        "Upload the file again. If that does not help, split it.",
    ),
}
