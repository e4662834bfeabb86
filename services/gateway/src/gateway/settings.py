"""What the gateway needs to know: besides the usual, where the services answer."""

from pathlib import Path
from typing import Annotated

from doorstep_chassis.settings import ServiceSettings
from pydantic import Field, SecretStr, ValidationInfo, field_validator

Url = Annotated[str, Field(pattern=r"^https?://[^\s]+$")]


class GatewaySettings(ServiceSettings):
    """The usual, and the base address of each service."""

    service: str = "gateway"

    request_intake_url: Url
    client_directory_url: Url
    dispatch_url: Url
    scheduling_url: Url

    public_url: Url
    """Where people reach the portals: what the links in mails begin with."""

    door_key: Path
    """The PEM file of the P-256 key by which the gateway signs tokens of its own."""

    portal_client_id: Annotated[str, Field(min_length=1)] = "doorstep-portal"
    """By what name the identity provider knows the portals."""
    portal_client_secret: SecretStr | None = None
    """What the portals prove it with; a public client proves each sign-in by PKCE alone."""

    upstream_timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 10.0
    """How long a service may take to answer before it counts as away."""

    @field_validator("door_issuer")
    @classmethod
    def _production_has_tls(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("environment") == "production" and not value.startswith("https://"):
            raise ValueError("must be an https address in production")
        return value
