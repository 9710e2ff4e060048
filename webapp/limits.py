"""Every limit on what a file or a client may cost, each with its unit and its reason.

Nothing of ours is imported here.

Limits count what comes out, never what was sent: a workbook unpacks and names one text thousands of
times. And nothing that is scarce (a thread, a database connection, room in the temporary folder) is
held at a client's pace.

Those that an administrator may change are settings in `config.py`, which takes its defaults from
here. How long a field's own value may be is a fact of the field: see `vocabulary/fields.py`,
`checking/emails.py`, `checking/phones.py`.
"""

KIBIBYTE = 1024
MEBIBYTE = 1024 * KIBIBYTE

# The file as a whole. All of these are settings.
UPLOAD_MEBIBYTES = 200
ROWS = 2_000_000
COLUMNS = 256
CELL_CHARS = 131_072  # four times what a spreadsheet's cell holds

# One row, and how it is cut where a person only has to see which one it is.
ROW_BYTES = 4 * MEBIBYTE  # of text in one row, in all its cells
ROW_LINES = 50_000  # of one row; short lines take ten times their length in memory
TEXT_BYTES = (
    32 * MEBIBYTE
)  # of a workbook's text that may come out of a file, however small it is,
# And for each byte of the file besides: a text that is stored once may be named by a million
# cells.
TEXT_RATIO = 30
# Of text that is checked and staged at once, and one row more: cut into short cells it takes
# fifteen times as much memory.
BLOCK_BYTES = MEBIBYTE
# Of a cell that is kept beside its problem: four times what any field takes.
RECORD_CELL_CHARS = 40_000
KEPT_LINE_CHARS = 10_000  # of a line that is too long
KEPT_CELL_CHARS = 200  # of a cell that is too long, and of a value that is complained about

# The head of a file, read while a person waits.
HEAD_BYTES = 256 * KIBIBYTE
SNIFFED_BYTES = 256 * KIBIBYTE  # of a delimited file, to see its delimiter and its header
SNIFFED_RECORDS = 60
SAMPLE_ROWS = 8
SAMPLE_CELL_CHARS = 500
SAMPLE_CHARS = 100_000  # of the sample together: wide files show less of each cell
# The look at the columns when a file comes: rows, cells, and bytes of text. A workbook or an
# archive that is larger than the last is looked at no further than its sample: it would be
# unpacked again.
PROFILED_ROWS = 1_000
PROFILED_CELLS = 20_000
PROFILED_BYTES = MEBIBYTE
PROFILED_FILE_BYTES = 4 * MEBIBYTE
# Of a workbook's sheets together; a sheet may begin with rows that are only coloured.
LOOK_ROWS = 50_000
HTML_LOOK_BYTES = 2 * MEBIBYTE  # half a second each, where they hold tags alone
XML_LOOK_BYTES = 6 * MEBIBYTE  # a quarter of a second each
LOOK_BYTES = 64 * MEBIBYTE  # unpacked, of the sheets and strings of one look
# Each unpacks a workbook, or decodes a file's head; the processor is what is scarce.
LOOKS_AT_ONCE = 4
READS_PER_MINUTE = 60  # that one person looks at a file with other choices
LABEL_CHARS = 200
HEADER_CELLS = 300  # of a row that may be the header
SHEETS_LOOKED_AT = 10  # for one that has rows

VCARD_LOOK_BYTES = 32 * MEBIBYTE  # of cards, in which their columns are looked for
VCARD_LOOK_PROPERTIES = 40_000  # of them together: some 4,000 cards
VCARD_PROPERTIES = 2_000  # of one card
VCARD_LINES = 300_000  # of the file for one card: a photograph of 20 MB, as programs fold it
VCARD_LABELS = 2_000  # that are counted, to keep the most frequent

# What pages show of a file.
PAGE_CHARS = MEBIBYTE  # of the cells behind one page of rows to correct, but for one row more
# Of a cell that may be corrected; what is not shown stays as it is until the cell is changed.
SHOWN_CELL_CHARS = 500
FIELDS_OF_ROW = 40  # of one row to correct at once; once those are right, the others are shown

# A workbook: bounded by the zip's table of contents before anything is unpacked, and while it
# unpacks.
WORKBOOK_MEMBERS = 2_000
# Unpacked, of one part: a full sheet of 1,048,576 rows and 60 columns. Rows, cells and text are
# what is counted; this ends parts that are padded.
PART_BYTES = 4096 * MEBIBYTE
WORKBOOK_CELLS = 64_000_000  # of one sheet, with text or without; a minute for each 25 million
MERGED_CELLS = 20_000  # ranges over several rows that are kept
PACKED_RATIO = 200  # unpacked bytes for each packed one, which no real part comes near
SMALL_MEMBER_BYTES = MEBIBYTE  # a small member may compress as well as it likes
WORKBOOK_CONTENTS_BYTES = 512 * KIBIBYTE  # of the zip's table of contents, which is read whole
WORKBOOK_LIST_BYTES = 16 * MEBIBYTE  # of sheets, relations, styles
WORKBOOK_LIST_ENTRIES = 4_000  # of sheets or relations that are kept
WORKBOOK_STYLES = 70_000  # Excel knows 65,490
STRING_BYTES = (
    2048 * MEBIBYTE
)  # of the strings that cells share, on disk while a workbook is read
STRINGS_AT_HAND_CHARS = MEBIBYTE  # the latest, in memory
STRING_REMEMBERED_BYTES = 500  # longer ones are read from the disk each time a cell names them
XML_BLOCK_BYTES = 16 * KIBIBYTE
XML_PROLOG_BYTES = MEBIBYTE
XML_ELEMENT_BYTES = 2 * MEBIBYTE  # of one row or string
XML_LARGE_BYTES = 128 * KIBIBYTE  # from which on its elements are counted
ROW_CELLS = 16_384  # that a spreadsheet has columns for
# Of one row: cell, value and text for each column that a spreadsheet has; about 20 MB.
XML_ELEMENTS = 50_000
# No part that is read nests more than ten deep, and deep elements take the most memory.
XML_DEPTH = 30

# What a request may bring. The largest form is that of the columns: 256 labels of 100 characters,
# percent-encoded, come to 330,000 bytes.
FORM_BYTES = 500_000
FORM_PARTS = 1_000
# A table that is pasted instead of a file: 100,000 cells of 40 bytes.
PASTED_BYTES = 4 * MEBIBYTE
JSON_BYTES = MEBIBYTE

# Connections to the web process. A request takes a thread once its head is here, with its body
# where that is small.
# At once; beyond these, the one that has waited longest for a request makes room.
CONNECTIONS = 512
CONNECTIONS_PER_ADDRESS = 100  # a setting; not applied behind a proxy, whose address all share
HEAD_SECONDS = 10  # for a whole head, and for its small body
HEAD_BYTES_OF_REQUEST = 16 * KIBIBYTE
SMALL_BODY_BYTES = (
    16 * KIBIBYTE
)  # read before a thread is taken; only a signed-in client may send more
# How long a client may stop in the middle of a request, or take nothing of an answer.
SILENT_SECONDS = 10
# Of waiting for the client of one request, before its bytes are held against the next.
GRACE_SECONDS = 20
LEAST_BYTES_PER_SECOND = 4 * KIBIBYTE  # of a body, and of an answer: 16 minutes for 4 MB
# What the system takes of an answer for each connection: a page costs no thread, however slow its
# reader.
SEND_BUFFER_BYTES = 256 * KIBIBYTE
LINGERING = 128  # connections that were told goodbye and whose client has not closed yet
LINGER_SECONDS = 5
LINGER_BYTES = (
    16 * MEBIBYTE
)  # thrown away of a body that was refused, so that the client reads why
BODIES_AT_ONCE = 16  # large ones; each holds a thread for as long as its sender takes
BODIES_AT_ONCE_PER_PERSON = 8
# Uploads that write to the database as they come; further ones wait in temporary files.
RECEIVED_AT_ONCE = 4
# Of the web process: one for each open stream, large body and download, and 20 for everything
# else.
THREADS = 112
# Longer than a page that polls is silent; a waiting connection takes no thread.
KEEPALIVE_SECONDS = 15

DOWNLOADS_AT_ONCE = 12  # each holds a thread
DOWNLOADS_AT_ONCE_PER_PERSON = 4
# That a request waits for a database connection before it is answered with 503.
POOL_SECONDS = 3

MOST_ADDRESSES = 20  # e-mails, and as many phones, that a contact has at most

# Of contacts that are exported: what is read and written at once.
EXPORT_PAGE_ROWS = 500
EXPORT_PAGE_CHARS = MEBIBYTE  # but for one contact more
WORKBOOK_COLUMNS = 16_384  # that a sheet has
WORKBOOKS_AT_ONCE = 2  # each is written by a process of its own, and takes room on the disk
WORKBOOKS_AT_ONCE_PER_PERSON = 1

# What one person may do. All of these are settings.
UPLOADS_PER_MINUTE = 30
PENDING_UPLOADS = 20  # that one person may have brought and neither run nor discarded

# Streams of events and sockets. The first three are settings.
STREAMS = 64  # open in one web process; each holds a thread
STREAMS_PER_USER = 12
STREAM_SECONDS = 600.0  # after which a stream is ended; the watcher comes back by itself
STREAM_SEND_SECONDS = 5.0  # a reader that takes nothing for this long is let go
STREAM_MESSAGE_BYTES = 1024  # of what a watcher says; there is nothing to say

# Reports.
PDF_SECONDS = 60  # a setting, as is the next
PDF_MEBIBYTES = 1536
PDFS_AT_ONCE = 2  # in the making, over all imports

# Batches.
# Rows in one transaction, also where the engine looks for the size by itself.
LARGEST_BATCH = 1000
