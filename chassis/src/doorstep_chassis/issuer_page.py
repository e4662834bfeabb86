"""The page on which a person of the development stack is chosen: plain HTML of its own, in French or English."""

from collections.abc import Mapping, Sequence
from html import escape

from doorstep_chassis.demo_people import Person

_TEXTS: Mapping[str, Mapping[str, str]] = {
    "fr": {
        "title": "Qui êtes-vous ?",
        "lead": "Ceci est un environnement de développement : choisissez une personne, sans mot de passe.",
        "operator": "Opérateur",
        "worker": "Intervenant",
        "nobody": "Personne n’est encore inscrit.",
    },
    "en": {
        "title": "Who are you?",
        "lead": "This is a development environment: choose a person, no password needed.",
        "operator": "Operator",
        "worker": "Worker",
        "nobody": "Nobody is registered yet.",
    },
}

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2724; --soft: #55625d; --paper: #faf8f4; --card: #fff; --line: #dcd8cf;
  --brand: #12403c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ece9; --soft: #a3afa9; --paper: #141b19; --card: #1d2624;
  --line: #35413d; --brand: #7cc4b8; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; color: var(--ink);
  background: var(--paper); font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
main { width: 100%; max-width: 26rem; }
h1 { margin: 0; font-size: 1.6rem; line-height: 1.2; }
p { margin: .5rem 0 1.5rem; color: var(--soft); }
form { display: grid; gap: .625rem; }
button { display: grid; grid-template-columns: 2.75rem 1fr auto; gap: .875rem; align-items: center; width: 100%;
  padding: .75rem 1rem; border: 1px solid var(--line); border-radius: 12px; background: var(--card); color: inherit;
  font: inherit; text-align: left; cursor: pointer; }
button:hover { border-color: var(--brand); }
button:focus-visible { outline: 3px solid #1b6fd0; outline-offset: 2px; }
.face { display: grid; place-items: center; width: 2.75rem; height: 2.75rem; border-radius: 50%; font-weight: 700;
  background: var(--brand); color: var(--paper); }
.name { font-weight: 600; }
.login { display: block; font-size: .875rem; font-weight: 400; color: var(--soft); }
.role { font-size: .875rem; color: var(--soft); }
"""


def people_page(people: Sequence[Person], asked: Mapping[str, str]) -> str:
    """A button for each person; what the portals asked goes along in the form."""
    language = "en" if asked["ui_locales"].startswith("en") else "fr"
    texts = _TEXTS[language]
    kept = "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in asked.items())
    buttons = "".join(_button(each, texts) for each in people) or f"<p>{texts['nobody']}</p>"
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{texts['title']} · Doorstep</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{texts['title']}</h1><p>{texts['lead']}</p>"
        f'<form method="post" action="/authorize">{kept}{buttons}</form></main></body></html>\n'
    )


def _button(person: Person, texts: Mapping[str, str]) -> str:
    login, name = escape(person.person), person.name or person.person
    initials = "".join(word[0] for word in name.split()[:2]).upper()
    return (
        f'<button name="person" value="{login}" data-person="{login}"><span class="face" aria-hidden="true">'
        f'{escape(initials)}</span><span class="name">{escape(name)}'
        f'<span class="login">{escape(person.email or person.person)}</span></span>'
        f'<span class="role">{texts[person.role]}</span></button>'
    )
