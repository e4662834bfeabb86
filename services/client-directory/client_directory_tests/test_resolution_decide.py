"""Who the client of a request is: given what is known, when something comes, then what is said."""

import pytest
from client_directory.domain.identity.match import Certain, Doubt, Nobody
from client_directory.domain.resolution.decide import (
    decide_contact_erased,
    decide_draft_seen,
    decide_end,
    decide_launch_waits,
    decide_link,
    decide_matched,
    decide_picked,
    decide_somebody_new,
)
from client_directory.domain.resolution.errors import RequestEnded, ReviewDecided, ReviewNotFound
from client_directory.domain.resolution.events import (
    ClientResolved,
    ContactErased,
    DraftSeen,
    LaunchWaits,
    RequestEndSeen,
    ReviewOpened,
)
from client_directory.domain.resolution.state import (
    RESOLUTION,
    Draft,
    Drafted,
    Ended,
    Erased,
    InReview,
    ResolutionState,
    Resolved,
    Unseen,
)

from .world import ALSO_ON_FILE, NEW_CLIENT, ON_FILE, REQUEST

DRAFT = Draft("69003", None, "s1.00.AAAA", REQUEST)
SEEN = DraftSeen(postal_code="69003", picked_client_id=None, contact="s1.00.AAAA", contact_key_id=REQUEST)
DOUBT = Doubt(("name_differs",), (ON_FILE,))
REVIEW = ReviewOpened(
    reasons=("name_differs",),
    candidates=(ON_FILE,),
    contact="s1.00.AAAA",
    contact_key_id=REQUEST,
    postal_code="69003",
)
MATCHED = ClientResolved(client_id=ON_FILE, known=True, by="match")

UNSEEN, DRAFTED = Unseen(), RESOLUTION.fold([SEEN])
IN_REVIEW, RESOLVED = RESOLUTION.fold([SEEN, REVIEW]), RESOLUTION.fold([SEEN, MATCHED])
ERASED, ENDED = RESOLUTION.fold([SEEN, ContactErased()]), RESOLUTION.fold([RequestEndSeen()])
STATES: list[ResolutionState] = [UNSEEN, DRAFTED, IN_REVIEW, RESOLVED, ERASED, ENDED]


def test_what_each_event_makes_known() -> None:
    assert [
        Unseen(),
        Drafted(DRAFT),
        InReview(DRAFT, ("name_differs",), (ON_FILE,)),
        Resolved(ON_FILE, picked=False),
        Erased(),
        Ended(None),
    ] == STATES
    picked = ClientResolved(client_id=ON_FILE, known=True, by="pick")
    assert RESOLUTION.fold([SEEN, picked]) == Resolved(ON_FILE, picked=True)
    assert RESOLUTION.fold([SEEN, MATCHED, RequestEndSeen()]) == Ended(ON_FILE)
    assert RESOLUTION.fold([LaunchWaits(), SEEN, LaunchWaits()]) == Drafted(DRAFT)


def test_a_draft_is_looked_at_once() -> None:
    assert [decide_draft_seen(state, DRAFT) for state in STATES] == [(SEEN,), (), (), (), (), ()]


class TestDrafted:
    def test_a_picked_client_is_certain(self) -> None:
        by_pick = ClientResolved(client_id=ON_FILE, known=False, by="pick")
        assert decide_picked(Drafted(DRAFT), ON_FILE, known=False) == (by_pick,)

    def test_a_picked_client_whom_nobody_knows_is_a_doubt(self) -> None:
        unknown = REVIEW.model_copy(update={"reasons": ("picked_client_unknown",), "candidates": ()})
        assert decide_picked(Drafted(DRAFT), ON_FILE, known=None) == (unknown,)

    def test_a_certain_match(self) -> None:
        found = decide_matched(Drafted(DRAFT), Certain(ON_FILE), known=True, new_client_id=NEW_CLIENT)
        assert found == (MATCHED,)

    def test_nobody_is_somebody_new(self) -> None:
        found = decide_matched(Drafted(DRAFT), Nobody(), known=False, new_client_id=NEW_CLIENT)
        assert found == (ClientResolved(client_id=NEW_CLIENT, known=False, by="new"),)

    def test_a_doubt_is_never_guessed(self) -> None:
        assert decide_matched(Drafted(DRAFT), DOUBT, known=False, new_client_id=NEW_CLIENT) == (REVIEW,)


class TestInReview:
    def test_an_operator_links(self) -> None:
        linked = ClientResolved(client_id=ALSO_ON_FILE, known=True, by="operator")
        assert decide_link(IN_REVIEW, ALSO_ON_FILE, known=True) == (linked,)

    def test_an_operator_says_it_is_somebody_new(self) -> None:
        new = ClientResolved(client_id=NEW_CLIENT, known=False, by="operator")
        assert decide_somebody_new(IN_REVIEW, NEW_CLIENT) == (new,)


@pytest.mark.parametrize(
    ("state", "refusal"),
    [
        (UNSEEN, ReviewNotFound),
        (DRAFTED, ReviewNotFound),
        (ERASED, ReviewNotFound),
        (RESOLVED, ReviewDecided),
        (ENDED, RequestEnded),
    ],
)
def test_there_is_nothing_to_decide(state: ResolutionState, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        decide_link(state, ALSO_ON_FILE, known=True)
    with pytest.raises(refusal):
        decide_somebody_new(state, NEW_CLIENT)


def test_the_same_link_again_is_satisfied() -> None:
    assert decide_link(RESOLVED, ON_FILE, known=True) == ()


def test_a_launch_waits_until_the_client_is_certain() -> None:
    waits = (LaunchWaits(),)
    assert [decide_launch_waits(state) for state in STATES] == [waits, waits, waits, (), (), ()]


def test_an_erased_contact_ends_what_depends_on_it() -> None:
    erased = (ContactErased(),)
    assert [decide_contact_erased(state) for state in STATES] == [(), erased, erased, (), (), ()]


def test_a_request_ends_once() -> None:
    end = (RequestEndSeen(),)
    assert [decide_end(state) for state in STATES] == [end, end, end, end, end, ()]
