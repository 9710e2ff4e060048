"""One reader for all who watch an import in this process, a cap on how many may, and who may still.

A reader thread looks at the database four times a second while a page or client watches, and wakes
the watchers when something changed. It holds no database session between two looks, and the
watchers hold none at all. Every few seconds one query asks for all watchers whether what they came
with still opens their import.
"""

import logging
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

from flask import Flask, current_app, render_template
from sqlalchemy.exc import NoResultFound, SQLAlchemyError

from webapp.config import Settings
from webapp.imports.progress import ImportProgress, ProgressTracker
from webapp.limits import STREAM_SEND_SECONDS
from webapp.models import ContactImport
from webapp.vocabulary.catalogue import language, speaking
from webapp.vocabulary.states import ENDED, WORKED_ON
from webapp.web.access import SEES_ALL
from webapp.web.extensions import db
from webapp.web.identity import Identity, still_valid

logger = logging.getLogger(__name__)
LOOK_SECONDS = 0.25  # at most four pushes a second
IDLE_SECONDS = 1.0  # between looks at an import that no worker works on
FORGET_SECONDS = 30.0
GUARD_SECONDS = 2.0  # between two questions whether the watchers may still watch
POLLED, PUSHED, LAST = "every 2s", "htmx:ws:close from:#live", "load"


class Full(Exception):  # noqa: N818 - an answer: come back later, or poll
    """As many streams are open as one person, or one process, may have."""


@dataclass(frozen=True)
class Snapshot:
    """An import at one moment.

    `over` when the step that its page shows has ended; `ended` when the import has.
    """

    found: ContactImport
    progress: ImportProgress
    fragments: dict[tuple[str, str], str] = field(default_factory=dict, compare=False)

    @property
    def over(self) -> bool:
        return self.found.state not in WORKED_ON

    @property
    def ended(self) -> bool:
        return self.found.state in ENDED


@dataclass(eq=False)
class Place:
    """One open stream: who watches, by what credential, and until when.

    `ended` is set once and for all.
    """

    user_id: int
    credential: bytes
    sees_all: bool  # whether the role lets them watch an import of another person's
    ended: bool = False


class Channel:
    """What is known of one import, and who waits to hear of it."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.looking = threading.Lock()
        self.snapshot: Snapshot | None = None
        self.version = 0
        self.looked_at = 0.0  # when the look began that led to the snapshot
        self.used_at = time.monotonic()
        self.watchers = 0
        self.has_reader = False

    def news(self, joined: float, seen: int | None) -> bool:
        """Whether there is a snapshot, begun after `joined`, other than the one that was seen."""
        return self.looked_at >= joined and self.version != seen

    def publish(self, snapshot: Snapshot, looked_at: float) -> None:
        with self.changed:
            self.looked_at = looked_at
            if self.snapshot is None or snapshot.progress != self.snapshot.progress:
                self.version += 1
                self.snapshot = snapshot

            self.changed.notify_all()


class Hub:
    """Channels by import, and the streams that are open by person."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self.app = app
        self.settings = settings
        self.lock = threading.Lock()
        self.channels: dict[UUID, Channel] = {}
        self.places: set[Place] = set()
        self.guarded = False
        self.closing = False  # set from a signal: every stream ends within a look

    @contextmanager
    def stream(self, person: Identity) -> Iterator[Place]:
        """A place for one stream of a person, given back at the end. Raises Full."""
        place = Place(person.id, person.credential, person.role in SEES_ALL)
        with self.lock:
            own = sum(other.user_id == place.user_id for other in self.places)
            if (
                len(self.places) >= self.settings.max_streams
                or own >= self.settings.streams_per_user
            ):
                raise Full

            self.places.add(place)
            starts = not self.guarded
            self.guarded = True

        if starts:
            threading.Thread(target=self._guard, daemon=True, name="guard").start()

        try:
            yield place
        finally:
            with self.lock:
                self.places.discard(place)

    def latest(self, import_id: UUID) -> Snapshot | None:
        """The import as it was at most a quarter of a second ago: a hundred who poll cost one
        look. None: no such.
        """
        channel = self._channel(import_id)
        asked_at = time.monotonic()

        if channel.looked_at < asked_at - LOOK_SECONDS or channel.snapshot is None:
            with channel.looking:
                if channel.looked_at < asked_at - LOOK_SECONDS or channel.snapshot is None:
                    with suppress(NoResultFound):
                        self._look(import_id, channel)

        return channel.snapshot

    def fragment(self, snapshot: Snapshot, trigger: str) -> str:
        """The progress partial with the trigger that its way calls for, rendered once for all
        who get it in the language in use.
        """
        kept = (trigger, language())
        if kept not in snapshot.fragments:
            with (
                speaking(language()),  # The end of the context inside forgets it.
                self.app.test_request_context(
                    environ_overrides={"SCRIPT_NAME": self.settings.url_path}
                ),
            ):
                snapshot.fragments[kept] = render_template(
                    "partials/progress.html",
                    found=snapshot.found,
                    progress=snapshot.progress,
                    trigger=trigger,
                )

        return snapshot.fragments[kept]

    def watch(
        self, import_id: UUID, seconds: float, every: float, place: Place | None = None
    ) -> Iterator[Snapshot | None]:
        """Snapshots as they change, for at most `seconds`; None where nothing changed for
        `every` seconds.

        The first is never older than the call. Ends once `place` has ended.
        """
        until, joined = time.monotonic() + seconds, time.monotonic()
        with self._watched(import_id) as channel:
            seen = None
            while (now := time.monotonic()) < until and not self._over(place):
                with channel.changed:
                    channel.changed.wait_for(
                        lambda: self._over(place) or channel.news(joined, seen),  # noqa: B023 - asked at once
                        timeout=min(every, until - now),
                    )

                    if self._over(place):
                        return

                    fresh = channel.news(joined, seen)
                    snapshot = channel.snapshot
                    seen = channel.version if fresh else seen

                yield snapshot if fresh else None

    def _over(self, place: Place | None) -> bool:
        return self.closing or (place is not None and place.ended)

    def _guard(self) -> None:
        """End the streams of people who may not watch any more, as long as there is a stream."""
        while True:
            time.sleep(GUARD_SECONDS)
            with self.lock:
                open_ = list(self.places)
                if not open_:
                    self.guarded = False
                    return

            try:
                self._end_revoked(open_)
            except (
                SQLAlchemyError
            ) as error:  # Nothing new is shown either, as long as it is away.
                logger.warning("live: database out of reach: %s", type(error).__name__)

    def _end_revoked(self, places: list[Place]) -> None:
        with self.app.app_context():
            living = still_valid({place.credential for place in places})

        for place in places:
            role = living.get(place.credential)
            if role is None or (place.sees_all and role not in SEES_ALL):
                place.ended = True

        if any(place.ended for place in places):
            with self.lock:
                channels = list(self.channels.values())

            for channel in channels:
                with channel.changed:
                    channel.changed.notify_all()

    @contextmanager
    def _watched(self, import_id: UUID) -> Iterator[Channel]:
        channel = self._channel(import_id)
        with self.lock:
            channel.watchers += 1
            starts = not channel.has_reader
            channel.has_reader = True

        if starts:
            threading.Thread(
                target=self._read, args=(import_id, channel), daemon=True, name="reader"
            ).start()

        try:
            yield channel
        finally:
            with self.lock:
                channel.watchers -= 1

    def _channel(self, import_id: UUID) -> Channel:
        now = time.monotonic()
        with self.lock:
            for known, channel in list(self.channels.items()):
                if not channel.has_reader and now - channel.used_at > FORGET_SECONDS:
                    del self.channels[known]

            channel = self.channels.setdefault(import_id, Channel())
            channel.used_at = now
            return channel

    def _read(self, import_id: UUID, channel: Channel) -> None:
        """Look again and again until the last watcher has left."""
        while True:
            with self.lock:
                if not channel.watchers:
                    channel.has_reader = False
                    return

            began = time.monotonic()
            with channel.looking:
                try:
                    self._look(import_id, channel)
                except (
                    SQLAlchemyError
                ) as error:  # The watchers wait; it comes back or they are ended.
                    logger.warning("live: database out of reach: %s", type(error).__name__)

            busy = channel.snapshot is None or channel.snapshot.found.state in WORKED_ON
            time.sleep(
                max(
                    (LOOK_SECONDS if busy else IDLE_SECONDS) - (time.monotonic() - began), 0.01
                )
            )

    def _look(self, import_id: UUID, channel: Channel) -> None:
        """Read the import in a session of its own, which ends with the look."""
        began = time.monotonic()
        with self.app.app_context():
            session = db.session()
            run = session.get_one(ContactImport, import_id)

            # Reads the same object anew, so that both are of one moment.
            now = ProgressTracker(session, import_id).progress()
            session.expunge(run)

        channel.publish(Snapshot(run, now), began)


def current() -> Hub:
    """The hub of the app at work."""
    return cast("Hub", current_app.extensions["rowcall-hub"])


def bound_sends(environ: dict[str, Any]) -> None:
    """Let no send on a request's connection take longer than a few seconds: a reader that
    never reads is let go.
    """
    connection = environ.get("gunicorn.socket") or environ.get("werkzeug.socket")
    if connection is not None:
        timeout = struct.pack("@ll", int(STREAM_SEND_SECONDS), 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeout)
