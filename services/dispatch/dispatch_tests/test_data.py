"""The seed data of dispatch: workers by id alone, who can be found for a request."""

from importlib.resources import files
from uuid import UUID

import pytest
from doorstep_contracts.base import Code, PostalCode, PostalPrefix
from pydantic import BaseModel, ConfigDict, TypeAdapter

SERVICES = {"menage", "bricolage", "jardinage", "plomberie", "electricite", "garde"}


class Worker(BaseModel):
    model_config = ConfigDict(extra="forbid")  # above all no names

    worker_id: UUID
    services: list[Code]
    postal_codes: list[PostalCode]
    postal_prefixes: list[PostalPrefix]
    active: bool


@pytest.fixture(scope="module")
def workers() -> list[Worker]:
    text = (files("dispatch") / "data" / "workers.json").read_text("utf-8")
    return TypeAdapter(list[Worker]).validate_json(text, strict=True)


def found(workers: list[Worker], service: str, postal_code: str) -> list[int]:
    """The last digits of those who are active, have the service and serve the postal code."""
    return [
        worker.worker_id.node
        for worker in workers
        if worker.active
        and service in worker.services
        and (postal_code in worker.postal_codes or postal_code.startswith(tuple(worker.postal_prefixes)))
    ]


def test_every_worker_is_another(workers: list[Worker]) -> None:
    assert [str(worker.worker_id) for worker in workers] == [
        f"3f0a6c1e-0000-4000-8000-{number:012d}" for number in range(1, 13)
    ]


def test_every_worker_has_known_services_and_a_place(workers: list[Worker]) -> None:
    assert [worker for worker in workers if not worker.services or not set(worker.services) <= SERVICES] == []
    assert [worker for worker in workers if not (worker.postal_codes or worker.postal_prefixes)] == []


def test_one_worker_is_not_active(workers: list[Worker]) -> None:
    assert [worker.worker_id.node for worker in workers if not worker.active] == [0x12]


@pytest.mark.parametrize(
    ("service", "postal_code", "expected"),
    [
        ("menage", "69003", [1, 2, 3]),
        ("menage", "01700", [2]),
        ("electricite", "69100", [4]),
        ("garde", "92100", [5]),
        ("plomberie", "75011", [6]),
        ("jardinage", "20200", [7, 8]),
        ("jardinage", "20000", [7]),
        ("menage", "97400", [9, 0x10]),
        ("bricolage", "97400", [0x11]),
        ("garde", "20000", []),
    ],
)
def test_who_is_found(workers: list[Worker], service: str, postal_code: str, expected: list[int]) -> None:
    assert found(workers, service, postal_code) == expected
