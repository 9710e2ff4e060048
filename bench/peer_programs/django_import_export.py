"""django-import-export over the bench's file: `django_import_export.py FILE ROWS default|bulk`
prints the seconds.
"""

import csv
import os
import sys
import time
from itertools import islice
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import django
import tablib
from django.conf import settings

COLUMNS = {
    "Customer ID": "external_id", "Email": "email", "First Name": "first_name", "Last Name": "last_name",
    "Phone": "phone", "Company": "company", "Job Title": "job_title", "Street": "street", "City": "city",
    "Postal Code": "postal_code", "Country": "country",
}  # fmt: skip

url = urlsplit(os.environ["DATABASE_URL"])
host = parse_qs(url.query).get("host", [url.hostname or ""])[0]
database = {
    "ENGINE": "django.db.backends.postgresql",
    "NAME": url.path[1:],
    "USER": url.username,
    "HOST": host,
}
settings.configure(
    DATABASES={"default": database}, INSTALLED_APPS=["import_export"], USE_TZ=True
)
django.setup()

from django.db import models  # noqa: E402
from import_export import resources  # noqa: E402


class Peer(models.Model):  # noqa: DJ008 - nobody prints it
    id = models.BigAutoField(primary_key=True)
    email_key = models.TextField(null=True)  # noqa: DJ001 - as in the table

    class Meta:
        app_label, managed, db_table = "import_export", False, "peer"


for column in COLUMNS.values():
    models.TextField(null=True).contribute_to_class(Peer, column)


class PeerResource(resources.ModelResource):
    class Meta:
        model = Peer
        import_id_fields = ("external_id",)
        fields = (*COLUMNS.values(), "email_key")
        use_bulk = sys.argv[3] == "bulk"
        skip_unchanged = True


def main() -> None:
    with Path(sys.argv[1]).open(newline="") as stream:
        rows = list(islice(csv.DictReader(stream), int(sys.argv[2])))
    seen = {}
    for row in rows:  # In bulk a repeated customer would end the run.
        seen.setdefault(
            row["Customer ID"], [row[label] for label in COLUMNS] + [row["Email"].lower()]
        )
    data = tablib.Dataset(*seen.values(), headers=[*COLUMNS.values(), "email_key"])
    started = time.monotonic()
    result = PeerResource().import_data(data, raise_errors=True, use_transactions=True)
    print((time.monotonic() - started) * len(rows) / result.total_rows)


if __name__ == "__main__":
    main()
