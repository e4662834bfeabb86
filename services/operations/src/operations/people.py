"""The demo people whom the local issuer gives tokens to; in development only."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID


class LoginTaken(Exception):
    """The login is somebody else's."""


def add_people(file: Path, people: Mapping[str, Mapping[str, UUID | str]]) -> None:
    """Add people by their login, or say more of those who are there; the issuer reads the file again by itself.

    An entry has `sub`, `role`, and may have `org`, `name` and `email`. Errors: LoginTaken.
    """
    known = {entry["person"]: entry for entry in json.loads(file.read_text("utf-8"))} if file.exists() else {}
    for login, entry in people.items():
        person = {"person": login, **{name: str(value) for name, value in entry.items()}}
        before = known.get(login, person)
        if before["sub"] != person["sub"]:
            raise LoginTaken(f"the login {login} is somebody else's")
        known[login] = before | person
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    draft.write_text(json.dumps(list(known.values()), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    draft.replace(file)  # whole or not at all
