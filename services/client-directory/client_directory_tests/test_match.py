"""Certain, doubt or nobody: every constellation that DOMAIN.md rule 7 names."""

from uuid import UUID

from client_directory.domain.identity.match import Candidate, Certain, Doubt, Nobody, Typed, match
from client_directory.domain.identity.names import Name

MARIE, PAUL = Name("Marie", "Dupont"), Name("Paul", "Dupont")
A, B = UUID(int=1), UUID(int=2)


def typed(name: Name = MARIE, email: str | None = "e", phone: str | None = "p") -> Typed:
    return Typed(name, email, phone)


def file(client_id: UUID = A, name: Name | None = MARIE, email: str | None = "e", phone: str | None = "p") -> Candidate:
    return Candidate(client_id, name, email, phone)


class TestNobody:
    def test_no_identifier_is_on_file(self) -> None:
        assert match(typed(), []) == Nobody()


class TestCertain:
    def test_both_identifiers_equal_and_the_names_fit(self) -> None:
        assert match(typed(Name("dupont", "MARIE")), [file()]) == Certain(A)

    def test_both_equal_and_the_same_first_name_is_enough(self) -> None:
        assert match(typed(Name("Marie", "Durand")), [file()]) == Certain(A)

    def test_one_equal_and_the_other_not_typed(self) -> None:
        assert match(typed(phone=None), [file()]) == Certain(A)
        assert match(typed(email=None), [file()]) == Certain(A)

    def test_one_equal_and_the_other_not_on_file(self) -> None:
        assert match(typed(), [file(phone=None)]) == Certain(A)
        assert match(typed(), [file(email=None)]) == Certain(A)

    def test_exactly_one_of_those_who_share_fits(self) -> None:
        assert match(typed(PAUL), [file(A, MARIE), file(B, PAUL)]) == Certain(B)
        assert match(typed(MARIE), [file(A, MARIE), file(B, PAUL, phone="other")]) == Certain(A)


class TestDoubt:
    def test_one_equal_and_the_other_conflicting(self) -> None:
        assert match(typed(), [file(phone="other")]) == Doubt(("identifier_conflict",), (A,))
        assert match(typed(), [file(email="other")]) == Doubt(("identifier_conflict",), (A,))

    def test_the_names_do_not_fit(self) -> None:
        assert match(typed(PAUL), [file()]) == Doubt(("name_differs",), (A,))

    def test_one_equal_and_only_the_first_name_fits(self) -> None:
        assert match(typed(Name("Marie", "Durand"), phone=None), [file()]) == Doubt(("name_differs",), (A,))

    def test_no_name_to_compare(self) -> None:
        assert match(typed(Name("", "")), [file()]) == Doubt(("name_missing",), (A,))
        assert match(typed(), [file(name=Name("", ""))]) == Doubt(("name_missing",), (A,))
        assert match(typed(), [file(name=None)]) == Doubt(("name_missing",), (A,))

    def test_two_different_clients_are_pointed_at(self) -> None:
        candidates = [file(A, phone=None), file(B, email=None)]
        assert match(typed(), candidates) == Doubt(("different_clients",), (A, B))

    def test_two_who_share_fit_alike(self) -> None:
        assert match(typed(), [file(A), file(B)]) == Doubt(("several_fit",), (A, B))
        assert match(typed(), [file(A), file(B, phone=None)]) == Doubt(("several_fit",), (A, B))

    def test_none_of_those_who_share_fits(self) -> None:
        candidates = [file(A, PAUL), file(B, phone="other")]
        assert match(typed(), candidates) == Doubt(("identifier_conflict", "name_differs"), (A, B))

    def test_what_was_typed_is_a_doubt_of_its_own(self) -> None:
        assert match(typed(phone=None), [], ["phone_ambiguous"]) == Doubt(("phone_ambiguous",), ())
        assert match(typed(phone=None), [file()], ["phone_ambiguous"]) == Doubt(("phone_ambiguous",), (A,))
