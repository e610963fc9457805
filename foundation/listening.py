"""A port to listen on, taken before anything expensive is loaded."""

import socket

from foundation.errors import ConfigurationError

_BACKLOG = 2048
_HIGHEST_PORT = 65_535


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 means any that is free.

    Raises `ConfigurationError` where the address cannot be had. It listens at once, because a
    second process must find the port taken instead of sharing it; who calls early waits.
    """
    if not 0 <= port <= _HIGHEST_PORT:
        # The resolver would quietly take the remainder.
        raise ConfigurationError(f"there is no port {port}; choose one from 1 to {_HIGHEST_PORT}")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(_BACKLOG)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigurationError(
            f"cannot listen on {host} port {port}: {reason}; choose another with --host and --port"
        ) from error
    return listener


def address_of(listener: socket.socket) -> str:
    """The URL under which a listener is reached."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
