"""Until when a payment method is valid, to the instant (DOMAIN.md rule 9)."""

from datetime import UTC, date, datetime

import pytest
from client_directory.domain.client.payment import CardTerms, SepaTerms, valid_until

PARIS, REUNION = "Europe/Paris", "Indian/Reunion"


class TestACard:
    @pytest.mark.parametrize(
        ("month", "zone", "end"),
        [
            ("2026-03", PARIS, datetime(2026, 3, 31, 22, tzinfo=UTC)),  # summer time has begun
            ("2026-02", PARIS, datetime(2026, 2, 28, 23, tzinfo=UTC)),
            ("2028-02", PARIS, datetime(2028, 2, 29, 23, tzinfo=UTC)),
            ("2026-12", PARIS, datetime(2026, 12, 31, 23, tzinfo=UTC)),
            ("2026-03", REUNION, datetime(2026, 3, 31, 20, tzinfo=UTC)),
        ],
    )
    def test_is_good_to_the_end_of_its_month_where_the_request_is(self, month: str, zone: str, end: datetime) -> None:
        assert valid_until(CardTerms(expiry_month=month), request_zone=zone, organisation_zone=PARIS) == end


class TestAMandate:
    @pytest.mark.parametrize(
        ("terms", "end"),
        [
            (SepaTerms(signed_on=date(2023, 3, 2)), datetime(2026, 3, 2, 23, tzinfo=UTC)),
            (SepaTerms(signed_on=date(2024, 2, 29)), datetime(2027, 2, 28, 23, tzinfo=UTC)),
            (SepaTerms(signed_on=date(2023, 12, 31)), datetime(2026, 12, 31, 23, tzinfo=UTC)),
            (
                SepaTerms(signed_on=date(2020, 1, 1), last_collection_due=date(2025, 7, 10)),
                datetime(2028, 7, 10, 22, tzinfo=UTC),
            ),
            (SepaTerms(signed_on=date(2025, 7, 10), one_off=True), datetime(2028, 7, 10, 22, tzinfo=UTC)),
        ],
    )
    def test_lapses_36_months_after_its_last_use_or_signature_where_the_organisation_is(
        self, terms: SepaTerms, end: datetime
    ) -> None:
        assert valid_until(terms, request_zone=REUNION, organisation_zone=PARIS) == end

    def test_of_one_collection_is_used_up_by_it(self) -> None:
        terms = SepaTerms(signed_on=date(2026, 1, 1), last_collection_due=date(2026, 2, 1), one_off=True)

        assert valid_until(terms, request_zone=PARIS, organisation_zone=PARIS) is None
