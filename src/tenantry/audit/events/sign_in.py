"""Events of signing in: sessions, second factors, identity providers."""

from __future__ import annotations

from tenantry.audit.events.base import Event, Mark


class FirstStepPassed(Event, tag="sign_in.first_step_passed"):
    """The first factor was right, and something else is asked for: a second factor, or another password. A sign-in that
    needs no more leaves `session.started` alone.
    """

    user_id: str
    amr: list[str]


class SignInRefused(Mark, tag="sign_in.refused"):
    user_principal_name: str
    reason: str


class SessionStarted(Event, tag="session.started"):
    """Somebody has signed in: the one event of a sign-in that came to its end."""

    session_id: str
    user_id: str
    amr: list[str]


class SessionRaised(Event, tag="session.raised"):
    """The user proved more in a session, or set up a factor: the session goes on under another id, with another
    secret.
    """

    session_id: str
    user_id: str
    amr: list[str]
    earlier_id: str


class SessionEnded(Event, tag="session.ended"):
    session_id: str
    user_id: str


class SessionsEnded(Event, tag="session.all_ended"):
    user_id: str
    sessions: int
    reason: str


class SecondFactorProved(Event, tag="second_factor.proved"):
    user_id: str
    method: str


class SecondFactorRefused(Mark, tag="second_factor.refused"):
    user_id: str
    method: str
    reason: str


class SecondFactorAdded(Event, tag="second_factor.added"):
    user_id: str
    method: str


class SecondFactorRemoved(Event, tag="second_factor.removed"):
    user_id: str
    method: str


class SecondFactorsReset(Event, tag="second_factor.all_reset"):
    """Somebody else took every second factor of the user away."""

    user_id: str
    methods: list[str]


class SecondFactorsConfirmed(Event, tag="second_factor.confirmed"):
    """Somebody with a second factor vouched for those that the user had set up on the password alone."""

    user_id: str


class EnrolmentRequired(Event, tag="enrolment.required"):
    """Somebody else took the user's last second factor away: the password alone signs the user in no more."""

    user_id: str


class EnrolmentCodeMade(Event, tag="enrolment.code_made"):
    user_id: str


class IdentityProviderAdded(Event, tag="identity_provider.added"):
    provider_id: str
    issuer: str


class IdentityProviderRemoved(Event, tag="identity_provider.removed"):
    provider_id: str


class IdentityProviderCallbackReplaced(Event, tag="identity_provider.callback_replaced"):
    """The provider sends people back to an address of its own from now on, and no longer to the one that all of them
    shared.
    """

    provider_id: str


class IdentityLinked(Event, tag="identity.linked"):
    user_id: str
    provider_id: str
    subject: str


class UpstreamSignInRefused(Mark, tag="upstream_sign_in.refused"):
    provider_id: str
    reason: str
