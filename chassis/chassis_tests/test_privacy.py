"""A sealed field opens with the key of its own person, in its own field, and no other way."""

import os
import re
from uuid import UUID

import pytest
from doorstep_chassis.privacy import (
    DataKey,
    KeyErased,
    KeyRing,
    SealBroken,
    WrappedKey,
    keyed_hash,
    open_sealed,
    open_sealed_bytes,
    seal,
    subject_of,
)
from hypothesis import given
from hypothesis import strategies as st

ANNA = UUID("11111111-1111-4111-8111-111111111111")
BRUNO = UUID("22222222-2222-4222-8222-222222222222")
KEY = DataKey(bytes(range(32)))
OTHER_KEY = DataKey(bytes(range(1, 33)))


def flipped(text: str, at: int) -> str:
    """The text with one character changed to another of base64url (of its high bits, which always count)."""
    return text[:at] + ("A" if text[at] != "A" else "Q") + text[at + 1 :]


class TestSeal:
    @given(st.text(), st.text(max_size=20))
    def test_what_is_sealed_opens_again(self, text: str, context: str) -> None:
        assert open_sealed(KEY, seal(KEY, ANNA, text, context=context), context=context) == text

    def test_bytes_open_as_bytes(self) -> None:
        assert open_sealed_bytes(KEY, seal(KEY, ANNA, b"\xff\x00", context="photo"), context="photo") == b"\xff\x00"

    def test_a_token_names_its_subject_and_shows_nothing_else(self) -> None:
        token = seal(KEY, ANNA, "Dupont", context="last_name")
        assert re.fullmatch(r"s1\.11111111111141118111111111111111\.[A-Za-z0-9_-]{46}", token)
        assert subject_of(token) == ANNA

    def test_the_same_text_is_sealed_differently_each_time(self) -> None:
        assert len({seal(KEY, ANNA, "Dupont", context="last_name") for _ in range(50)}) == 50

    def test_another_persons_key_does_not_open_it(self) -> None:
        with pytest.raises(SealBroken):
            open_sealed(OTHER_KEY, seal(KEY, ANNA, "Dupont", context="last_name"), context="last_name")

    def test_it_does_not_open_in_another_field(self) -> None:
        with pytest.raises(SealBroken):
            open_sealed(KEY, seal(KEY, ANNA, "Dupont", context="last_name"), context="first_name")

    def test_it_does_not_open_under_another_subject(self) -> None:
        token = seal(KEY, ANNA, "Dupont", context="last_name")
        with pytest.raises(SealBroken):
            open_sealed(KEY, token.replace(ANNA.hex, BRUNO.hex), context="last_name")

    def test_every_changed_character_is_noticed(self) -> None:
        token = seal(KEY, ANNA, "Dupont", context="last_name")
        for at in range(token.rindex(".") + 1, len(token) - 1):
            with pytest.raises(SealBroken):
                open_sealed(KEY, flipped(token, at), context="last_name")

    @pytest.mark.parametrize(
        "token",
        ["", "Dupont", "s1.x.y", f"s2.{ANNA.hex}.AAAA", f"s1.{ANNA.hex}", f"s1.{ANNA.hex}.", f"s1.{ANNA.hex}.A",
         f"s1.{ANNA.hex}.é", f"s1.{ANNA.hex}.AAAA.AAAA"],
    )  # fmt: skip
    def test_what_is_no_sealed_field_is_refused(self, token: str) -> None:
        with pytest.raises(SealBroken):
            open_sealed(KEY, token, context="last_name")

    def test_bytes_that_are_no_text_are_refused_as_text(self) -> None:
        with pytest.raises(SealBroken):
            open_sealed(KEY, seal(KEY, ANNA, b"\xff", context="note"), context="note")

    def test_an_erased_key_says_so(self) -> None:
        with pytest.raises(KeyErased):
            open_sealed(None, seal(KEY, ANNA, "Dupont", context="last_name"), context="last_name")

    def test_a_lone_surrogate_is_refused_without_quoting_the_text(self) -> None:
        with pytest.raises(ValueError, match=r"^a sealed text holds no lone surrogates$") as refused:
            seal(KEY, ANNA, "Dupont\ud800", context="last_name")
        assert refused.value.__suppress_context__


class TestKeyRing:
    RING = KeyRing(bytes(32), "kek-1")

    def test_every_key_is_its_own(self) -> None:
        assert len({self.RING.issue() for _ in range(20)}) == 20

    def test_a_wrapped_key_comes_back(self) -> None:
        key = self.RING.issue()
        wrapped = self.RING.wrap(ANNA, key)
        assert (wrapped.subject_id, wrapped.kek_id) == (ANNA, "kek-1")
        assert self.RING.unwrap(wrapped) == key
        assert KeyRing(bytes(32), "kek-1").unwrap(wrapped) == key

    def test_it_is_bound_to_its_person(self) -> None:
        wrapped = self.RING.wrap(ANNA, KEY)
        with pytest.raises(SealBroken):
            self.RING.unwrap(WrappedKey(BRUNO, wrapped.wrapped, wrapped.kek_id))

    def test_another_key_encryption_key_does_not_open_it(self) -> None:
        wrapped = self.RING.wrap(ANNA, KEY)
        with pytest.raises(SealBroken):
            KeyRing(bytes(31) + b"\1", "kek-1").unwrap(wrapped)
        with pytest.raises(SealBroken, match="another key-encryption key"):
            KeyRing(bytes(32), "kek-2").unwrap(wrapped)

    def test_its_name_is_part_of_the_seal(self) -> None:
        wrapped = self.RING.wrap(ANNA, KEY)
        with pytest.raises(SealBroken):
            KeyRing(bytes(32), "kek-2").unwrap(WrappedKey(ANNA, wrapped.wrapped, "kek-2"))

    @pytest.mark.parametrize("wrapped", ["", "é", "AAAA", "A"])
    def test_what_is_no_wrapped_key_is_refused(self, wrapped: str) -> None:
        with pytest.raises(SealBroken):
            self.RING.unwrap(WrappedKey(ANNA, wrapped, "kek-1"))

    def test_keys_have_32_bytes(self) -> None:
        with pytest.raises(ValueError, match="32 bytes"):
            KeyRing(bytes(16), "kek-1")
        with pytest.raises(ValueError, match="32 bytes"):
            DataKey(bytes(16))

    def test_no_repr_shows_a_key(self) -> None:
        plain = os.urandom(32)
        shown = f"{DataKey(plain)!r} {KeyRing(plain, 'kek-1')!r} {DataKey(plain)}"
        assert shown == "DataKey() KeyRing(kek_id='kek-1') DataKey()"


class TestKeyedHash:
    HASH = keyed_hash(b"k" * 32, ANNA, "email", "anna@example.org")

    def test_it_is_the_same_every_time_and_everywhere(self) -> None:
        assert self.HASH == "5f39e6e8aaddb79003dd89fb18b2f962a3db57214b4486c556aea694fe4b39c6"

    @pytest.mark.parametrize(
        ("key", "organisation", "kind", "value"),
        [
            (b"l" * 32, ANNA, "email", "anna@example.org"),
            (b"k" * 32, BRUNO, "email", "anna@example.org"),
            (b"k" * 32, ANNA, "phone", "anna@example.org"),
            (b"k" * 32, ANNA, "email", "bruno@example.org"),
            (b"k" * 32, ANNA, "emaila", "nna@example.org"),
        ],
    )
    def test_it_depends_on_key_organisation_kind_and_value(
        self, key: bytes, organisation: UUID, kind: str, value: str
    ) -> None:
        assert keyed_hash(key, organisation, kind, value) != self.HASH

    def test_kinds_cannot_reach_into_the_value(self) -> None:
        with pytest.raises(ValueError, match="NUL"):
            keyed_hash(b"k" * 32, ANNA, "email\0a", "nna@example.org")
