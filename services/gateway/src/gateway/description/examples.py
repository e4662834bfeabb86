"""Examples: what each operation is sent and what it answers then. A test holds each of them to its model."""

from collections.abc import Mapping
from typing import Any

ORGANISATION = "0b8f2a64-8f4e-4c0a-9d6f-2f1f6f0c7a10"
REQUEST = "5d0c1a52-3c0e-4a53-9a4e-6f0f4e8f1b21"
CLIENT = "9a1f6f5e-7a0b-4a9d-8a2c-1d2f3b4c5d60"
WORKER = "2f6d8c1e-1b7a-4f1d-b0f3-3a5c7e9d1f42"
COLLEAGUE = "7c2b9e30-5d4f-4a68-9c1e-8b6a4d2f0e53"
VISIT = "e3a7c5d1-0f2b-4d8e-a6c4-9b1d3f5e7a84"
METHOD = "41d9f7b2-6c3e-4b5a-8d0f-2e4c6a8b0d95"
CURSOR = "WyIyMDI3LTAyLTAxVDA5OjAwOjAwWiIsIjVkMGMxYTUyIl0.Qm9yZGVy"

ADDRESS = {"line1": "12 rue de la Part-Dieu", "line2": None, "postal_code": "69003", "locality": "Lyon"}
JEANNE = {
    "first_name": "Jeanne",
    "last_name": "Moulin",
    "email": "jeanne.moulin@example.org",
    "phone": "06 12 34 56 78",
}
CARD = {"kind": "card", "token": "tok_4242", "last4": "4242", "expiry_month": "2032-12"}
_CARD_ON_FILE = {"method_id": METHOD, "kind": "card", "expiry_month": "2032-12", "last4": "4242"}
_START, _END = "2027-03-01T08:00:00Z", "2027-03-01T10:00:00Z"
_SLOT = {"start": _START, "end": _END, "zone": "Europe/Paris"}
_QUOTE = {"rate_cents": 2900, "currency": "EUR"}
_OPEN, _WAITING = {"open": True, "missing": []}, {"open": False, "missing": ["applications"]}
_CARD_OF_REQUEST = {
    "request_id": REQUEST,
    "state": "launched",
    "case": 3,
    "created_by": WORKER,
    "performer": "other",
    "postal_code": "69003",
    "offer_id": "lyon:menage",
    "service": "menage",
    "slot": {**_SLOT, "local_start": "2027-03-01T09:00:00+01:00"},
    "client_gate": _OPEN,
    "worker_gate": _WAITING,
}
_SETTINGS = {
    "workers_may_create": True,
    "required_contact_fields": ["first_name", "last_name", "email", "phone"],
    "draft_lifetime_hours": 168,
}
_POLICY = {"broadcast": True, "award": "operator_picks", "application_deadline_hours": 24}

Examples = Mapping[str, Any]
"""By a few words on each."""

BODIES: Mapping[str, Examples] = {
    "add_organisation": {
        "An agency in Lyon": {
            "organisation_id": ORGANISATION,
            "slug": "lyon-proprete",
            "time_zone": "Europe/Paris",
            "workers_may_create": True,
        }
    },
    "change_settings": {"Workers may create requests": _SETTINGS},
    "draft_request": {
        "Somebody new": {
            "performer": "self",
            "postal_code": "69003",
            "offer_id": "lyon:menage",
            "start": "2027-03-01T09:00",
            "client": {"typed": JEANNE},
        },
        "A client of the worker's list, for another worker": {
            "performer": "other",
            "postal_code": "69003",
            "offer_id": "lyon:menage",
            "start": "2027-03-01T09:00+01:00",
            "duration_minutes": 180,
            "client": {"picked": CLIENT},
        },
    },
    "launch_request": {
        "The worker confirms the address": {"validation": "worker", "address": ADDRESS},
        "The rest is left to the client": {"validation": "client"},
    },
    "cancel_request": {"With a reason": {"reason_code": "client_ill"}, "Without": {}},
    "add_client": {"Jeanne, with a card": {**JEANNE, "address": ADDRESS, "payment_method": CARD}},
    "add_payment_method": {
        "A card": CARD,
        "A SEPA mandate": {"kind": "sepa", "reference": "RUM-2027-0042", "signed_on": "2027-01-15"},
    },
    "decide_review": {"It is this client": {"link": CLIENT}, "Somebody new": {"new": True}},
    "validate_request": {
        "Complete and validate": {"action": "validate", "address": ADDRESS, "payment_method": CARD},
        "Decline": {"action": "decline", "reason": "Not needed any more"},
    },
    "register_worker": {"A cleaner in Lyon": {"worker_id": WORKER, "services": ["menage"], "postal_prefixes": ["69"]}},
    "set_policy": {"Open calls, an operator picks": _POLICY},
    "select_worker": {"An applicant": {"worker_id": COLLEAGUE}},
}

ANSWERS: Mapping[str, Any] = {
    "add_organisation": {"Added": {"organisation_id": ORGANISATION}},
    "read_settings": {"As they stand": {"version": 1, **_SETTINGS}},
    "change_settings": {"As they then stand": {"version": 2, **_SETTINGS}},
    "read_catalogue": {
        "Lyon": {
            "postal_code": "69003",
            "localities": ["Lyon"],
            "zone": {"id": "lyon", "label": "Lyon et sa métropole", "time_zone": "Europe/Paris"},
            "catalogue_version": 1,
            "offers": [
                {
                    "offer_id": "lyon:menage",
                    "service": "menage",
                    "label_fr": "Ménage",
                    "label_en": "Cleaning",
                    **_QUOTE,
                    "duration_minutes": {"default": 120, "min": 60, "max": 480, "step": 30},
                    "payment_method_required": True,
                }
            ],
        }
    },
    "draft_request": {"Drafted": {"request_id": REQUEST, "state": "draft"}},
    "list_requests": {"A page": {"requests": [_CARD_OF_REQUEST], "next_cursor": CURSOR}},
    "read_request": {
        "Launched, as its creator sees it": {
            **_CARD_OF_REQUEST,
            "offer": {
                "offer_id": "lyon:menage",
                "service": "menage",
                "zone": "lyon",
                **_QUOTE,
                "catalogue_version": 1,
                "payment_method_required": True,
            },
            "accept_overlap": False,
            "validation": "worker",
            "expires_at": _START,
            "end": None,
            "picked_client_id": CLIENT,
        }
    },
    "launch_request": {
        "At once": {"request_id": REQUEST, "state": "launching"},
        "With Prefer: wait=5": {
            "request_id": REQUEST,
            "state": "confirmed",
            "case": 1,
            "client_gate": _OPEN,
            "worker_gate": {"open": True, "missing": [], "worker_id": WORKER},
        },
    },
    "cancel_request": {"Cancelled": {"request_id": REQUEST, "state": "cancelled"}},
    "add_client": {"Added": {"client_id": CLIENT, "known": True}},
    "list_clients": {
        "A worker's own": {
            "clients": [{"client_id": CLIENT, "first_name": "Jeanne", "last_name": "Moulin", "postal_code": "69003"}],
            "next_cursor": None,
        }
    },
    "read_client": {
        "For an operator": {
            "client_id": CLIENT,
            "known": True,
            **JEANNE,
            "postal_code": "69003",
            "address": ADDRESS,
            "payment_methods": [_CARD_ON_FILE],
        },
        "For a worker": {
            "client_id": CLIENT,
            "first_name": "Jeanne",
            "last_name": "Moulin",
            "postal_code": "69003",
            "address": ADDRESS,
        },
    },
    "add_payment_method": {"Added": {"client_id": CLIENT, "method_id": METHOD}},
    "list_reviews": {
        "One doubt": {
            "reviews": [
                {
                    "request_id": REQUEST,
                    "reasons": ["names_differ"],
                    "postal_code": "69003",
                    "opened_at": "2027-02-01T09:00:00Z",
                    "contact": {**JEANNE, "first_name": "Louis"},
                    "candidates": [{"client_id": CLIENT, "known": True, "postal_code": "69003", **JEANNE}],
                }
            ],
            "next_cursor": None,
        }
    },
    "decide_review": {"Decided": {"request_id": REQUEST, "client_id": CLIENT}},
    "read_validation": {
        "Asked": {
            "request_id": REQUEST,
            "state": "asked",
            "client_id": CLIENT,
            "postal_code": "69003",
            "slot_start": _START,
            "zone": "Europe/Paris",
            "payment_method_required": True,
            "missing": ["validation", "payment_method"],
            "deadline": "2027-02-04T09:00:00Z",
            "valid_until": None,
            "client": {**JEANNE, "postal_code": "69003", "address": ADDRESS, "payment_methods": []},
            "proposed_address": None,
        },
        "Over": {"request_id": REQUEST, "state": "confirmed"},
    },
    "validate_request": {
        "Validated": {"request_id": REQUEST, "state": "validated", "missing": [], "valid_until": _START},
        "Declined": {"request_id": REQUEST, "state": "declined", "missing": [], "valid_until": None},
    },
    "register_worker": {"Registered": {"worker_id": WORKER}},
    "read_policy": {"As it stands": {"version": 1, **_POLICY}},
    "set_policy": {"As it then stands": {"version": 2, **_POLICY}},
    "list_calls": {
        "One open call": {
            "calls": [
                {
                    "request_id": REQUEST,
                    "service": "menage",
                    "postal_code": "69003",
                    **_SLOT,
                    **_QUOTE,
                    "deadline": "2027-02-02T09:00:00Z",
                    "state": "open",
                    "reasons": [],
                }
            ]
        }
    },
    "apply": {"Applied": {"request_id": REQUEST, "state": "applied"}},
    "read_broadcast": {
        "One applicant": {
            "request_id": REQUEST,
            "state": "broadcasting",
            "missing": ["selection"],
            "service": "menage",
            "postal_code": "69003",
            **_SLOT,
            **_QUOTE,
            "created_by": WORKER,
            "performer": "other",
            "worker_id": None,
            "call": {
                "policy_version": 1,
                "award": "operator_picks",
                "deadline": "2027-02-02T09:00:00Z",
                "closed": None,
            },
            "verdicts": [
                {"worker_id": COLLEAGUE, "eligible": True, "reasons": []},
                {"worker_id": WORKER, "eligible": False, "reasons": ["creator_asks_for_another"]},
            ],
            "applications": [{"worker_id": COLLEAGUE, "applied_at": "2027-02-01T09:12:00Z", "state": "applied"}],
            "refusals": [],
        }
    },
    "select_worker": {"Chosen": {"request_id": REQUEST, "worker_id": COLLEAGUE, "state": "selecting"}},
    "read_calendar": {
        "One visit": {
            "worker_id": WORKER,
            "entries": [
                {
                    "kind": "visit",
                    **_SLOT,
                    "request_id": REQUEST,
                    "visit_id": VISIT,
                    "overlap_accepted": False,
                }
            ],
        }
    },
    "read_availability": {
        "Free": {"free": True, "reason": None, "conflict": None},
        "Busy": {"free": False, "reason": "overlap", "conflict": _SLOT},
    },
    "list_visits": {"None yet": {"visits": []}},
    "read_visit": {
        "Scheduled": {
            "visit_id": VISIT,
            "chain_id": VISIT,
            "request_id": REQUEST,
            "worker_id": WORKER,
            "client_id": CLIENT,
            "status": "scheduled",
            **_SLOT,
            "service": "menage",
            "postal_code": "69003",
            **_QUOTE,
            "offer_id": "lyon:menage",
            "catalogue_version": 1,
        }
    },
    "read_board": {
        "One request": {
            "requests": [
                {
                    "request_id": REQUEST,
                    "state": "launched",
                    "case": 3,
                    "created_at": "2027-02-01T09:00:00Z",
                    "created_by": WORKER,
                    "performer": "other",
                    "postal_code": "69003",
                    "service": "menage",
                    "offer_id": "lyon:menage",
                    "rate_cents": 2900,
                    **_SLOT,
                    "client_id": CLIENT,
                    "client_known": True,
                    "client_gate": _OPEN,
                    "answer_due": None,
                    "worker_id": None,
                    "worker_gate": _WAITING,
                    "broadcast": "open",
                    "applications": 0,
                    "visit_id": None,
                    "visit_state": None,
                }
            ],
            "next_cursor": None,
        }
    },
    "hear_events": """retry: 2000
id: 4f1d2c3b5a69-1040

event: changed
id: 4f1d2c3b5a69-1042
data: {"kind":"request","request_id":"5d0c1a52-3c0e-4a53-9a4e-6f0f4e8f1b21"}

""",
}
