"""What the gateway needs to know: besides the usual, where the services answer."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated

from doorstep_chassis.settings import ServiceSettings
from pydantic import BeforeValidator, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import NoDecode

from gateway.notifications.postbox import Tls

MailAddress = Annotated[str, Field(pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+$")]
AMinute = Annotated[int, Field(ge=1, le=10_000_000)]


def _listed(value: object) -> object:
    return [each.strip() for each in value.split(",")] if isinstance(value, str) else value


Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_listed)]
"""Networks, separated by commas."""
Url = Annotated[str, Field(pattern=r"^https?://[^\s]+$")]


class GatewaySettings(ServiceSettings):
    """The usual, and the base address of each service."""

    service: str = "gateway"

    request_intake_url: Url
    client_directory_url: Url
    dispatch_url: Url
    scheduling_url: Url

    door_key: Path
    """The PEM file of the P-256 key by which the gateway signs tokens of its own."""

    portal_client_id: Annotated[str, Field(min_length=1)] = "doorstep-portal"
    """By what name the identity provider knows the portals."""
    portal_client_secret: SecretStr | None = None
    """What the portals prove it with; a public client proves each sign-in by PKCE alone."""

    upstream_timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 10.0
    """How long a service may take to answer before it counts as away."""

    smtp_host: Annotated[str, Field(min_length=1)]
    """The server that mail leaves by."""
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = 587
    smtp_tls: Tls = "starttls"
    """`starttls`, `implicit` (usually port 465), or `none` for a server on this machine."""
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    mail_from: MailAddress
    """In whose name mail goes out."""
    mail_reply_to: MailAddress | None = None
    """Where answers go that people write to a mail; by default to `mail_from`."""
    reads_a_minute: AMinute = 600
    """What one person may read, in each process of the gateway; as many at once."""
    writes_a_minute: AMinute = 120
    """What one person may change."""
    visits_a_minute: AMinute = 120
    """What one address may ask for without being signed in."""
    entries_a_minute: AMinute = 60
    """What one address may ask of sign-in, of links from e-mails and of their renewal."""
    failures_a_minute: AMinute = 30
    """How often one address may come with a token, a sign-in or a link that is not good."""
    trusted_proxies: Networks = ()
    """The networks of our own proxies, separated by commas: only they are believed whom they speak for."""

    streams_per_person: Annotated[int, Field(ge=1)] = 8
    """Event streams that one person may have open, in each process of the gateway."""
    streams_at_most: Annotated[int, Field(ge=1)] = 1_000
    """Event streams open at once in each process of the gateway."""
    events_furthest: Annotated[int, Field(ge=1)] = 5_000
    """How many entries of the log a stream may be behind and still resume."""

    @field_validator("door_issuer")
    @classmethod
    def _production_has_tls(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("environment") == "production" and not value.startswith("https://"):
            raise ValueError("must be an https address in production")
        return value
