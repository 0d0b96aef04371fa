"""What the simulator refuses, and with which HTTP status.

SimulatorError (a ValueError)
├── Invalid    400  the request or the file is wrong; the text names the field
├── Unknown    404  no such code, app or person
└── Clash      409  what is asked contradicts the state of things
"""

from typing import ClassVar


class SimulatorError(ValueError):
    """Base of the tree. `str()` is a sentence for whoever drives the simulator."""

    status: ClassVar[int] = 400


class Invalid(SimulatorError):
    status = 400


class Unknown(SimulatorError):
    status = 404


class Clash(SimulatorError):
    status = 409
