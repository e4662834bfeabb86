"""The link by which a worker stops mails about open calls, from the mail itself and without signing in (RFC 8058)."""

from uuid import UUID

from itsdangerous import BadSignature, URLSafeSerializer

PATH = "/mail/stop/"


class StopLinks:
    """Signed links that say whose mails they stop; they stay good for ever, and can do nothing else."""

    def __init__(self, secret: bytes) -> None:
        self._signer = URLSafeSerializer(secret, salt="gateway.stop-call-mails")

    def path(self, organisation_id: UUID, person_id: UUID) -> str:
        """The address, on our own site, that stops this person's mails."""
        return PATH + self._signer.dumps([organisation_id.hex, person_id.hex])

    def read(self, token: str) -> tuple[UUID, UUID] | None:
        """Organisation and person; None for what we did not sign."""
        try:
            organisation_id, person_id = self._signer.loads(token)
        except BadSignature:
            return None
        return UUID(hex=organisation_id), UUID(hex=person_id)
