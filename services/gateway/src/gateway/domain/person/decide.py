"""What changes about a person; what is as it was yields no event."""

from gateway.domain.person.events import CallMailsSwitched, PersonSeen
from gateway.domain.person.state import PersonState, Profile


def decide_seen(state: PersonState, profile: Profile, *, same_details: bool) -> tuple[PersonSeen, ...]:
    """They signed in. Sealing the same twice gives two texts, so who has the key says whether the details are the same."""
    known = state.profile
    if known is not None and same_details and (known.role, known.language) == (profile.role, profile.language):
        return ()
    return (PersonSeen(role=profile.role, details=profile.details, language=profile.language),)


def decide_switch(state: PersonState, *, on: bool) -> tuple[CallMailsSwitched, ...]:
    """They choose whether open calls reach them by mail."""
    return () if state.call_mails == on else (CallMailsSwitched(on=on),)
