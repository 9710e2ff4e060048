"""What is said of a file, its columns and its rows, by code."""

from webapp.vocabulary.catalogue import Message

ROW_MESSAGES = {
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
        "This is an old Excel file (.xls) that cannot be read",
        "Open it in Excel, save it as .xlsx or CSV and upload that.",
    ),
    "too_many_old_rows": Message(
        "Of the formats .xls and .xlsb only {limit} rows are read",
        "Open it in Excel, save it as CSV or .xlsx and upload that.",
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
    "vcard_broken": Message(
        "There is no whole card in this vCard file",
        "Export the contacts from your address book again, as vCard or as CSV, and upload that.",
    ),
    "archive_broken": Message(
        "The archive cannot be unpacked", "Pack the file again, or upload it unpacked."
    ),
    "archive_too_large": Message(
        "The archive unpacks to more than can be read safely",
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
        "This is a file of Outlook's own",
        "In Outlook, choose File, Open & Export, Import/Export, Export to a file, Comma Separated "
        "Values, then Contacts, and upload that.",
    ),
    "is_database": Message(
        "This is a database of Access",
        "In Access, export the table as an Excel workbook or as text, and upload that.",
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
        "The workbook holds more than can be read safely",
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
    "no_delimiter": Message(
        "Nothing parts the columns of this file but blanks",
        "Save the table as CSV, with a comma or a tab between columns, and upload that.",
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
    "quote_repaired": Message(
        "A quote stood in the wrong place",
        "Look whether {where} was read as it was meant.",
    ),
    "text_spoilt": Message(
        "Letters were misread before the upload, as in Ã¼ for ü",
        "Choose on the columns page to repair them, or type this row's text again.",
    ),
    "other_encoding": Message(
        "This row is in another encoding than the rest of the file",
        "Look whether its accents were read as they were meant.",
    ),
    "column_overrun": Message(
        "Some text reaches over the edge of its column",
        "Type the cells of this row again, or give the columns more room in the file.",
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
    "cell_error": Message(
        "A formula without a result",
        "Nothing to do: a cell that says #N/A or the like is read as blank. Correct the formula to "
        "have its value.",
    ),
    "row_hidden": Message(
        "Hidden in the workbook, or left out by its filter",
        "Nothing to do: hidden rows are read like the others. Delete them from the workbook, or "
        "leave them out here, if they should not come in.",
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
    "cell_dropped": Message(
        "Imported without a bad cell",
        "The row is imported without “{value}”, which is no {field}; a contact that you have keeps "
        "its own. Type the right one to have it.",
    ),
    "email_exchange": Message(
        "An address within Exchange is no e-mail",
        "It is left out, and the contact keeps its e-mail. Give the address as in "
        "name@example.com to have it.",
    ),
    "word_in_name": Message(
        "A word for nothing in a name",
        "Nothing to do if a person is called “{value}”: it is kept. Else delete it.",
    ),
    "read_as_blank": Message(
        "Words for nothing, read as blank", "Keep them where they mean something."
    ),
    "value_repeated": Message(
        "One value fills most of a column",
        "Read “{value}” as blank if it only fills the column.",
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
    "not_a_contact": Message(
        "Lines that are no contacts",
        "Nothing to do: a footer, a total, a rule or a header that comes again is left out. "
        "Take it in if it is a contact.",
    ),
    "continues_row": Message(
        "Lines that go on with the row above",
        "It goes on with row {value} and is no contact of its own. Take it in if it is one.",
    ),
    "lines_joined": Message(
        "A text that was broken into lines",
        "Check that “{value}” belongs to this row: the file has it in a line of its own.",
    ),
    "only_a_name": Message(
        "Nothing but a name",
        "Check that {where} is a contact: the line holds nothing but “{value}”.",
    ),
    "perhaps_continues": Message(
        "Neither ID nor name, as the rows above have",
        "Check that {where} is a contact of its own and does not go on with row {value}.",
    ),
    "no_identity": Message(
        "No e-mail, phone or name", "Give {where} an e-mail, a phone or a name."
    ),
    # Outcomes
    "two_contacts": Message(
        "Fits two contacts that you already have", "Say which of two contacts these rows mean."
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
}
