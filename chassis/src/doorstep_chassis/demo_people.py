"""The people of a development stack: who they are, read from a file, without any password."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from uuid import UUID

from pydantic import Field, TypeAdapter, ValidationError

from doorstep_chassis.auth import Role
from doorstep_chassis.errors import NotFound, Unavailable
from doorstep_chassis.http import Body


class PersonUnknown(NotFound):
    """No demo person has this login."""

    code = "person_unknown"


class PeopleUnreadable(Unavailable):
    """The file of demo people is missing or broken."""

    code = "people_unreadable"


class Person(Body):
    """A demo person (or service) as the people file lists them."""

    person: Annotated[str, Field(min_length=1)]
    sub: UUID
    org: UUID | None = None
    role: Role
    name: str = ""
    email: str = ""


class PeopleFile:
    """The demo people, read again whenever the file has changed."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seen: tuple[int, int, int] | None = None
        self._people: dict[str, Person] = {}

    def find(self, person: str) -> Person:
        """The person with this login; PersonUnknown or PeopleUnreadable otherwise."""
        found = self._read().get(person)
        if found is None:
            raise PersonUnknown
        return found

    def staff(self) -> Sequence[Person]:
        """Those who sign in at a browser: operators, then workers, in the order of the file. Errors: PeopleUnreadable."""
        people = self._read().values()
        return [each for role in ("operator", "worker") for each in people if each.role == role]

    def _read(self) -> dict[str, Person]:
        try:
            stat = self._file.stat()
            seen = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
            if seen != self._seen:
                self._people = {entry.person: entry for entry in _PEOPLE.validate_json(self._file.read_bytes())}
                self._seen = seen
        except (OSError, ValidationError):
            raise PeopleUnreadable from None
        return self._people


_PEOPLE = TypeAdapter(list[Person])
