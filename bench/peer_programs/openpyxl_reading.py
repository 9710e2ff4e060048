"""openpyxl reads a workbook, row by row, and does nothing with it: prints the seconds.

python openpyxl_reading.py FILE
"""

import sys
import time
from collections import deque

import openpyxl

started = time.monotonic()
book = openpyxl.load_workbook(sys.argv[1], read_only=True)
deque(book.active.iter_rows(values_only=True), maxlen=0)
print(time.monotonic() - started)
