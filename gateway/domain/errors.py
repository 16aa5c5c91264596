"""Every refusal the gateway gives, with its public code."""

from __future__ import annotations

from chassis.errors import (
    Conflict,
    DomainError,
    Forbidden,
    Invalid,
    NotFound,
    TooLarge,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)


class ClientNotFound(NotFound):
    """There is no such client."""

    code = "client-not-found"


class ClientTaken(Conflict):
    """The client id is or was in use; ids are never given twice."""

    code = "client-taken"


class ClientIsCaller(Conflict):
    """A client may not change itself: it would lock itself out or widen its own grants."""

    code = "client-is-caller"


class ClientStillEnabled(Conflict):
    """Only a disabled client can be deleted."""

    code = "client-still-enabled"


class ClientDisabled(Conflict):
    """A disabled client gets no new secret."""

    code = "client-disabled"


class ClientInvalid(Invalid):
    """The client's role, scopes, areas and bindings do not fit together."""

    code = "client-invalid"


class SystemClientReserved(Forbidden):
    """Clients of the role `system` are made and kept by the installer alone."""

    code = "system-client-reserved"


class AdministratorExists(Conflict):
    """The first administrator is made once; from then on administrators make clients."""

    code = "administrator-exists"


class NoAdministrator(NotFound):
    """Only an administrator's secret is renewed from the command line."""

    code = "no-administrator"


class BootstrapRefused(Forbidden):
    """Clients with generated secrets exist only in the embedded local run."""

    code = "bootstrap-refused"


class TokenMissing(Unauthenticated):
    """The request carries no access token."""

    code = "token-missing"


class TokenInvalid(Unauthenticated):
    """The access token is not ours, is altered, has expired or was revoked."""

    code = "token-invalid"


class NoSuchService(NotFound):
    """No service of this name stands behind the gateway."""

    code = "no-such-service"


class PathRefused(DomainError):
    """The path could be read in two ways (`//`, `..`, `;`, `%2f`)."""

    code = "path-refused"
    title = "路径格式有误"


class MethodOverrideRefused(DomainError):
    """A header asks for another method than the request line."""

    code = "method-override-refused"
    title = "不支持改写请求方法"


class MethodRefused(DomainError):
    """The method is not one that any interface of the suite has."""

    code = "method-refused"
    title = "不支持的方法"


class HeadersTooLarge(TooLarge):
    """The request's headers exceed the limit."""

    code = "headers-too-large"
    title = "请求头过大"


class BodyTooLarge(TooLarge):
    """The request's body exceeds the limit of its route."""

    code = "body-too-large"


class RateLimited(TooManyRequests):
    """The client has used its allowance of this minute."""

    code = "rate-limited"


class Overloaded(Unavailable):
    """As many requests are in hand as the gateway takes on."""

    code = "gateway-overloaded"


class DirectoryStale(Unavailable):
    """The gateway cannot learn which clients are disabled and therefore lets nobody in."""

    code = "client-directory-stale"


class UpstreamUnavailable(Unavailable):
    """The service behind the gateway cannot be reached."""

    code = "upstream-unavailable"


class UpstreamFailed(DomainError):
    """The service behind the gateway broke off without a usable answer."""

    code = "upstream-failed"
    title = "后端服务出错"


class UpstreamTimeout(DomainError):
    """The service behind the gateway did not answer in time."""

    code = "upstream-timeout"
    title = "后端服务响应超时"


class GatewayFailed(DomainError):
    """The gateway itself failed; nothing of the reason is told outside."""

    code = "gateway-failed"
    title = "网关内部错误"
