"""A loop over the bench's file with SQLAlchemy's ORM, a look-up a row and a commit every 100:
prints the seconds.
"""

import csv
import os
import sys
import time
from itertools import islice
from pathlib import Path

from sqlalchemy import MetaData, Table, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Session

COLUMNS = {
    "Customer ID": "external_id", "Email": "email", "First Name": "first_name", "Last Name": "last_name",
    "Phone": "phone", "Company": "company", "Job Title": "job_title", "Street": "street", "City": "city",
    "Postal Code": "postal_code", "Country": "country",
}  # fmt: skip

engine = create_engine(
    os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://")
)


class Base(DeclarativeBase):
    pass


class Peer(Base):
    __table__ = Table("peer", MetaData(), autoload_with=engine)


def main() -> None:
    with Path(sys.argv[1]).open(newline="") as stream, Session(engine) as session:
        started = time.monotonic()
        for number, row in enumerate(islice(csv.DictReader(stream), int(sys.argv[2])), 1):
            key = row["Email"].lower()
            known = select(Peer).where(Peer.external_id == row["Customer ID"])
            if session.scalars(known).first() is None:
                session.add(
                    Peer(
                        email_key=key, **{name: row[label] for label, name in COLUMNS.items()}
                    )
                )
            if number % 100 == 0:
                session.commit()
        session.commit()
        print(time.monotonic() - started)


if __name__ == "__main__":
    main()
