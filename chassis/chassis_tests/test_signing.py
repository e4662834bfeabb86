"""Signing keys are made once, for their owner alone, and a process without one does not start."""

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from doorstep_chassis.issuer import LocalIssuer
from doorstep_chassis.signing import make_key, read_key


def test_a_key_is_made_once_and_is_the_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "data" / "key.pem"
    make_key(file)
    first = read_key(file)
    make_key(file)
    assert LocalIssuer(key=first).jwks() == LocalIssuer(key=read_key(file)).jwks()
    assert list(file.parent.iterdir()) == [file]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_without_a_readable_key_on_our_curve_nothing_starts(tmp_path: Path) -> None:
    absent, broken, other = tmp_path / "absent.pem", tmp_path / "broken.pem", tmp_path / "other.pem"
    broken.write_text("canary")
    other.write_bytes(
        ec.generate_private_key(ec.SECP384R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    for file, complaint in (
        (absent, "holds no readable key"),
        (broken, "holds no readable key"),
        (other, "holds no key on the curve P-256"),
    ):
        with pytest.raises(SystemExit) as ended:
            read_key(file)
        assert str(ended.value) == f"{file} {complaint}"
