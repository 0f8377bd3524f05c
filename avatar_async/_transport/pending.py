"""What arrived over a connection before anybody read it."""

import asyncio
import select


def has_more(transport: asyncio.Transport) -> bool:
    """Tell whether bytes or the end arrived that the loop has not read yet, where that can be seen."""
    connected = transport.get_extra_info("socket")
    if connected is None or not hasattr(select, "poll"):
        return False
    number = connected.fileno()
    if number < 0:
        return True
    poll = select.poll()
    poll.register(number, select.POLLIN)
    return bool(poll.poll(0))
