"""What browsers are told to keep to, on every answer; and that nothing is done here from another site's page."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


def browser_rules(*, issuer: str, secure: bool) -> Mapping[str, str]:
    """The headers. Forms lead nowhere but to us, and to the provider when signing out.

    Nobody may frame, read or fetch what is here from elsewhere, and no header ever allows it: there is no CORS.
    """
    origin = urlsplit(issuer)
    rules = {
        "Content-Security-Policy": (
            "default-src 'self'; base-uri 'none'; "
            f"form-action 'self' {origin.scheme}://{origin.netloc}; frame-ancestors 'none'; object-src 'none'"
        ),
        "X-Content-Type-Options": "nosniff",
        # not `no-referrer`: with that, browsers hide the origin of our own forms from ourselves as well
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    return rules | ({"Strict-Transport-Security": "max-age=31536000"} if secure else {})


class BrowserRules:
    """Adds them to every answer that does not set them itself; stands outermost."""

    def __init__(self, app: ASGIApp, rules: Mapping[str, str]) -> None:
        self.app = app
        self.rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.rules.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, answer)
