"""What all pages of the console share: the way about it."""

from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from gateway.portals.pages import page
from gateway.portals.session import Session
from gateway.portals.texts import later as _


@dataclass(frozen=True, slots=True)
class Entry:
    """A place of the console: the name by which its pages say that they are there, its text and its drawing."""

    name: str
    href: str
    label: str
    icon: str


NAVIGATION = (
    Entry("board", "/console", _("Requests"), "list"),
    Entry("calendar", "/console/calendar", _("Calendar"), "calendar"),
    Entry("settings", "/console/settings", _("Settings"), "settings"),
)
"""In the order of a day's work; whatever gets a page of its own gets its line here."""


def console_page(
    request: Request, template: str, *, session: Session, here: str, status: int = 200, **values: Any
) -> HTMLResponse:
    """A page of the console, or a part of one."""
    return page(request, template, session=session, status=status, here=here, navigation=NAVIGATION, **values)
