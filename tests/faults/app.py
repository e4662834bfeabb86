"""The two services of the fault tests as real processes: `python -m faults.app writer`, or `reader`.

Settings come from the environment as in any service; `FAULTS_TOPIC` names the topic between the two, and
`DOORSTEP_SERVICE` the service itself, so that no two tests meet in a consumer group.
"""

import os
import sys

from doorstep_chassis.http import Body, IdempotencyKey, fingerprint
from doorstep_chassis.service import Context, Service, run
from doorstep_chassis.settings import ServiceSettings, load_settings
from doorstep_chassis.units import Answer
from doorstep_chassis.units import IdempotencyKey as Key
from fastapi import APIRouter
from fastapi.responses import JSONResponse

from . import notes


class NoteBody(Body):
    key: str
    number: int
    unwelcome: bool = False


def writing(context: Context) -> APIRouter:
    """The writer's door."""
    router = APIRouter()

    @router.post("/notes")
    async def note(body: NoteBody, idempotency_key: IdempotencyKey) -> JSONResponse:
        key = Key(notes.ORGANISATION, "somebody", "/notes", idempotency_key, fingerprint(body))
        answer = await context.units.answer(
            "note",
            lambda work: Answer(
                status=201,
                body={"version": notes.note(work, body.key, body.number, unwelcome=body.unwelcome)},
            ),
            key,
        )
        return JSONResponse(answer.body, answer.status)

    @router.get("/counts")
    async def counts() -> dict[str, int]:
        async with context.store.connection() as connection:
            rows = await (await connection.execute("SELECT key, notes FROM counts_v1")).fetchall()
        return dict(rows)

    return router


def topic(cls: type) -> str:
    """The one topic of this test."""
    return os.environ["FAULTS_TOPIC"]


def service(role: str, name: str) -> Service:
    """The writer, or the reader."""
    if role == "writer":
        return Service(
            name,
            routes=writing,
            publication=notes.PUBLICATION,
            views=lambda context: (notes.COUNTS_VIEW,),
            classes=notes.CLASSES,
            topic_of=topic,
        )
    return Service(
        name,
        routes=lambda context: APIRouter(),
        reactions=lambda context: notes.REACTIONS,
        classes=notes.CLASSES,
        topic_of=topic,
    )


if __name__ == "__main__":
    settings = load_settings(ServiceSettings)
    run(service(sys.argv[1], settings.service), settings)
