"""What the pages say, as people read it: the article's own labels in French."""

from typing import Literal

Language = Literal["fr", "en"]

WORDS: dict[Language, dict[str, str]] = {
    "fr": {
        "new": "Nouvelle demande",
        "self": "Prendre en charge la demande",
        "other": "Créer la demande pour qu’elle soit réalisée par un autre intervenant",
        "continue": "Continuer",
        "postal_code": "Code postal",
        "cleaning": "Ménage",
        "date": "Date",
        "time": "Heure",
        "free": "Vous êtes libre à ce moment-là.",
        "by_worker": "Ne pas solliciter le client",
        "by_client": "Laisser cette étape au client",
        "launch": "Lancer la demande",
        "in_place": "Tout est en place",
        "payment_lacks": "moyen de paiement",
        "approve": "Valider le passage",
        "apply": "Postuler",
        "choose": "Choisir",
        "new_link": "nouveau lien",
    },
    "en": {
        "new": "New request",
        "self": "Take the request on",
        "other": "Create the request for another worker to do",
        "continue": "Continue",
        "postal_code": "Postal code",
        "cleaning": "Cleaning",
        "date": "Date",
        "time": "Time",
        "free": "You are free at that time.",
        "by_worker": "Do not ask the client",
        "by_client": "Leave this step to the client",
        "launch": "Launch the request",
        "in_place": "Everything is in place",
        "payment_lacks": "payment",
        "approve": "Approve the visit",
        "apply": "Apply",
        "choose": "Choose",
        "new_link": "new link",
    },
}
