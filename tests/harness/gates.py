"""Triggers in the test database that hold a batch from outside; the program has no switches
for it.
"""

from uuid import UUID

from tests.harness.house import STARTING, House


class Gate:
    """Holds whoever comes by while it is shut.

    It sleeps rather than locks: no lock runs out, nothing dead-locks.

    Whether it is shut stands in a sequence, which every transaction sees as it is now, and which
    outlives a crash.

    `events` are those of a trigger on the table `on`, `when` is a condition on NEW or OLD;
    `in_commit` holds the COMMIT itself.
    """

    def __init__(
        self,
        house: House,
        on: str = "contacts",
        *,
        when: str = "true",
        events: str = "INSERT",
        in_commit: bool = False,
    ) -> None:
        self.house = house
        house.query(
            f"""CREATE SEQUENCE gate;
                CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                  WHILE {when} AND (SELECT last_value < 2 FROM public.gate) LOOP PERFORM pg_sleep(0.02); END LOOP;
                  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$"""
        )
        kind = "CONSTRAINT TRIGGER gate AFTER" if in_commit else "TRIGGER gate BEFORE"
        deferred = "DEFERRABLE INITIALLY DEFERRED" if in_commit else ""
        house.query(
            f"CREATE {kind} {events} ON {on} {deferred} FOR EACH ROW EXECUTE FUNCTION gate()"
        )

    def open(self) -> None:
        self.house.query("SELECT setval('gate', 2)")

    def held(self, import_id: UUID, after: int = 0) -> int:
        """Wait until the import's holder stands at the gate under a token newer than `after`;
        the token.
        """

        def stands() -> int | None:
            found = self.house.query(
                """SELECT l.token FROM contact_import_leases l JOIN pg_stat_activity a
                     ON a.pid = l.backend_pid
                   WHERE l.import_id = %s AND l.token > %s AND l.heartbeat_at > 'epoch' AND a.wait_event = 'PgSleep'""",
                import_id,
                after,
            )
            return found[0]["token"] if found else None

        return self.house.until(stands, STARTING, "nobody came to the gate")  # type: ignore[return-value]


def refuse(
    house: House,
    condition: str,
    error: str = "EXCEPTION 'refused by a trigger'",
    on: str = "contacts",
) -> None:
    """Have the database raise this error for rows that meet the condition."""
    house.query(
        f"""CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
              IF {condition} THEN RAISE {error}; END IF; RETURN NEW; END $$;
            CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON {on} FOR EACH ROW EXECUTE FUNCTION refuse()"""
    )
