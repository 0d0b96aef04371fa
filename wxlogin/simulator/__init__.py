"""WeChat in a box: its own Flask app on its own origin, with a world in memory.

It keeps WeChat's own paths, so that a client reaches it by changing base URLs
alone. Nothing of the rest of this project is needed to use it.
"""

from .app import create_simulator
from .refusals import SimulatorError
from .world import World, load_world

__all__ = ["SimulatorError", "World", "create_simulator", "load_world"]
