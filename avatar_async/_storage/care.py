"""How much is done to make sure of a file."""

from attrs import frozen


@frozen(kw_only=True)
class Care:
    """What a download may leave out; nothing, unless who asks for it says so.

    Attributes:
        verify: Whether its bytes are hashed and its content looked at. Its length is always compared.
        durable: Whether the file and its name are on the disk when it is said to be stored. Without that, a
            power cut may leave a stored file missing, empty or short.
    """

    verify: bool = True
    durable: bool = True


#: Leave out nothing.
FULL = Care()
