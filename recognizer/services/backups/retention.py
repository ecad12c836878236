"""Retention: which backups of a folder or a bucket are kept, by days, weeks and months."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from recognizer.services.backups.manifest import Snapshot
from recognizer.services.backups.place import SharedPlace, object_name
from recognizer.services.backups.places import Address, shared_place

Period = Callable[[datetime], tuple[int, ...]]


@dataclass(frozen=True)
class Retention:
    """The number of days, weeks and months of which the newest backup is kept. Periods without one do not count."""

    daily: int = 0
    weekly: int = 0
    monthly: int = 0

    def choose(self, times: dict[str, datetime]) -> set[str]:
        """Return the names of the backups to keep. The newest one is always among them."""
        newest_first = sorted(times, key=lambda name: times[name], reverse=True)
        kept = set(newest_first[:1])
        rules: list[tuple[int, Period]] = [
            (self.daily, lambda time: (time.year, time.month, time.day)),
            (self.weekly, lambda time: tuple(time.isocalendar()[:2])),
            (self.monthly, lambda time: (time.year, time.month)),
        ]
        for number, period_of in rules:
            newest_of: dict[tuple[int, ...], str] = {}
            for name in newest_first:
                newest_of.setdefault(period_of(times[name]), name)
            kept |= set(list(newest_of.values())[:number])
        return kept


def remove_old_backups(address: Address, retention: Retention) -> list[str]:
    """Remove the backups that are not kept, and the objects that no other needs. Return their names.

    Nothing is removed if a backup cannot be read: it may need any of the objects.
    """
    place = shared_place(address)
    with place.lock(exclusive=True):
        names = place.list_snapshots()
        kept = retention.choose({name: Snapshot(place, f"snapshots/{name}").read_manifest().time for name in names})
        removed = [name for name in names if name not in kept]
        for name in removed:
            place.remove_snapshot(name)
        _remove_unused_objects(place)
    return removed


def _remove_unused_objects(place: SharedPlace) -> None:
    needed = sqlite3.connect("", isolation_level=None)
    needed.execute("CREATE TABLE objects (name PRIMARY KEY) WITHOUT ROWID")
    for name in place.list_snapshots():
        for file in Snapshot(place, f"snapshots/{name}").read_files():
            needed.execute("INSERT OR IGNORE INTO objects VALUES (?)", [place.stored_name(object_name(file.sha256))])
    for name in place.list_objects():
        if not needed.execute("SELECT 1 FROM objects WHERE name = ?", [name]).fetchone():
            place.remove_object(name)
    needed.close()
