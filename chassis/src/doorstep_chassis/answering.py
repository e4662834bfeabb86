"""How the routes of a service answer: what stands, a change of it, and an act that happens once under its key."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from doorstep_chassis.auth import Principal
from doorstep_chassis.conditional import IfMatch, PreconditionRequired, etag_of, rendered, representation
from doorstep_chassis.http import fingerprint
from doorstep_chassis.units import Answer, IdempotencyKey, Units
from doorstep_chassis.work import Work

Shown = Callable[[Work], Any]
"""What a person is shown of something, in a unit of work. Errors: NotFound where it is not theirs to see."""


@dataclass(frozen=True, slots=True)
class Answering:
    """The answers of one service; `key` makes its tags and the fingerprints of bodies."""

    units: Units
    key: bytes

    async def shown(self, request: Request, use_case: str, show: Shown) -> Response:
        """A GET of one thing: with its ETag, or 304 to who has it already."""
        return representation(request, rendered(await self.units.run(use_case, show)), self.key)

    async def changed(
        self, request: Request, use_case: str, change: Callable[[Work], object], *, show: Shown
    ) -> Response:
        """A PUT: what then stands. Its `If-Match` is judged in the unit that changes, so no other change slips in between.

        Errors: PreconditionRequired, PreconditionFailed, IfMatchInvalid, those of the change.
        """
        condition = IfMatch.of(request)
        if condition is None:
            raise PreconditionRequired(field="If-Match")

        def decide(work: Work) -> Any:
            condition.require(partial(self.tag, work, show))
            change(work)
            return show(work)

        return representation(request, rendered(await self.units.run(use_case, decide)), self.key)

    async def once(
        self,
        request: Request,
        who: Principal,
        key: str,
        body: BaseModel | None,
        use_case: str,
        decide: Callable[[Work], Answer],
        *,
        show: Shown | None = None,
        organisation_id: UUID | None = None,
        correlation_id: str | None = None,
    ) -> Response:
        """A POST: sent again under its key it has no second effect, and the same answer.

        An `If-Match` is judged by what is shown of the thing that the act is about.
        Errors: PreconditionFailed, IfMatchInvalid, those of `Units.answer`.
        """
        condition = IfMatch.of(request)

        def act(work: Work) -> Answer:
            if condition is not None:
                condition.require(None if show is None else partial(self.tag, work, show))
            return decide(work)

        answer = await self.units.answer(
            use_case,
            act,
            IdempotencyKey(
                organisation_id=organisation_id or who.organisation_id,
                caller=f"{who.role}:{who.person_id}",
                route=f"{request.method} {request.url.path}",
                key=key,
                fingerprint=fingerprint(body or {}, key=self.key),
            ),
            correlation_id=correlation_id,
        )
        headers = {} if answer.etag is None else {"ETag": answer.etag}
        return JSONResponse(answer.body, status_code=answer.status, headers=headers)

    def tag(self, work: Work, show: Shown) -> str:
        """The ETag of something as it stands in this unit."""
        return etag_of(rendered(show(work)), self.key)
