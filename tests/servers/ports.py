"""Ports for the servers under test, each of which belongs to one process until that process ends."""

import socket

_reservations: list[socket.socket] = []


def reserve_port() -> int:
    """Return a port that the system gives to nobody else, neither to a server nor to an outgoing connection.

    The socket is bound and never listens: a connection to the port is refused, and a server that sets SO_REUSEADDR,
    as all servers here do, may bind it as often as it likes.
    """
    reservation = socket.socket()
    reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reservation.bind(("127.0.0.1", 0))
    _reservations.append(reservation)
    port: int = reservation.getsockname()[1]
    return port
