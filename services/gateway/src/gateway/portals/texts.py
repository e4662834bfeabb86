"""What the portals say, in French and English: gettext catalogues, and dates, hours and money as each language has them.

The English text is the message id. `locale/fr/*.po` hold the French of one portal each; they are read at start.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_skeleton, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency
from babel.support import NullTranslations, Translations
from doorstep_chassis.problem_texts import accepted_language
from starlette.requests import Request

Language = Literal["fr", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
LANGUAGE_COOKIE = "doorstep_language"

_FIRST_OF_MONTH = re.compile(r"\b1 (?=[^\W\d])")
_LOCALES: Mapping[Language, str] = {"fr": "fr_FR", "en": "en_GB"}


def chosen_language(request: Request) -> Language:
    """The language that a person chose here before, else the first that their browser asks for, else French."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen in LANGUAGES:
        return chosen
    return accepted_language(request.headers.get("accept-language", ""), default="fr")


def later(text: str) -> str:
    """A text in a table: marked for the catalogues here, said in a language where it is shown."""
    return text


@cache
def catalogue(language: Language) -> NullTranslations:
    """All texts of a language."""
    merged: NullTranslations = NullTranslations()
    folder = files("gateway") / "locale" / language
    if language == "en" or not folder.is_dir():
        return merged
    together: Translations | None = None
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if file.name.endswith(".po"):
            compiled = BytesIO()
            write_mo(compiled, read_po(BytesIO(file.read_bytes()), locale=language))
            compiled.seek(0)
            part = Translations(compiled)
            together = part if together is None else together.merge(part)
    return together or merged


@dataclass(frozen=True, slots=True)
class Texts:
    """One language's way of saying things; times are shown in the zone of the place they belong to."""

    language: Language

    @property
    def locale(self) -> str:
        return _LOCALES[self.language]

    def say(self, text: str, **values: object) -> str:
        """The text in this language, with its `%(name)s` filled."""
        found: str = catalogue(self.language).gettext(text)
        return found % values if values else found

    def say_many(self, one: str, many: str, count: int, **values: object) -> str:
        """The text for this count."""
        found: str = catalogue(self.language).ngettext(one, many, count)
        return found % {"count": count, **values}

    def day(self, when: datetime | date, zone: str = "UTC", *, form: str = "full") -> str:
        """A day, `full` (lundi 2 mars 2026), `long`, `medium` or `short`."""
        local = when.astimezone(ZoneInfo(zone)).date() if isinstance(when, datetime) else when
        return self._first(format_date(local, form, locale=self.locale))

    def weekday(self, when: datetime | date, zone: str = "UTC") -> str:
        """A day without its year: lun. 2 mars."""
        local = when.astimezone(ZoneInfo(zone)).date() if isinstance(when, datetime) else when
        return self._first(format_skeleton("MMMEd", local, locale=self.locale))

    def _first(self, day: str) -> str:
        """French writes the first of a month as 1er, which the catalogue of locales leaves out."""
        return _FIRST_OF_MONTH.sub("1er ", day) if self.language == "fr" else day

    def hour(self, when: datetime, zone: str) -> str:
        """The time of day: 14:30."""
        return format_time(when.astimezone(ZoneInfo(zone)), "short", locale=self.locale)

    def moment(self, when: datetime, zone: str, *, form: str = "medium") -> str:
        """A day and its time, to the minute: 2 mars 2026, 14:30."""
        return f"{self.day(when, zone, form=form)}, {self.hour(when, zone)}"

    def slot(self, start: datetime, end: datetime, zone: str) -> str:
        """A start and an end: lun. 2 mars, 14:30 – 16:30."""
        same = start.astimezone(ZoneInfo(zone)).date() == end.astimezone(ZoneInfo(zone)).date()
        until = self.hour(end, zone) if same else f"{self.weekday(end, zone)}, {self.hour(end, zone)}"
        return f"{self.weekday(start, zone)}, {self.hour(start, zone)} – {until}"

    def money(self, cents: int, currency: str = "EUR") -> str:
        """An amount, as this language writes it."""
        return format_currency(cents / 100, currency, locale=self.locale)

    def length(self, minutes: int) -> str:
        """A duration: 1 h 30, 45 min."""
        hours, rest = divmod(minutes, 60)
        return f"{rest} min" if not hours else f"{hours} h" + (f" {rest:02d}" if rest else "")

    def left(self, until: datetime, now: datetime) -> str:
        """How long until an instant, in the largest fitting unit."""
        gone = max(timedelta(), until - now)
        if gone >= timedelta(days=2):
            return self.say_many("%(count)s day", "%(count)s days", gone.days)
        minutes = int(gone.total_seconds() // 60)
        return self.length(minutes)
