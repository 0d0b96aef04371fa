"""WeChat in a box: its own Flask app on its own origin, with a world in memory.

It keeps WeChat's own paths, so that a client reaches it by changing base URLs
alone. Nothing of the rest of this project is needed to use it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .app import create_simulator
    from .refusals import SimulatorError
    from .world import World, load_world

__all__ = ["SimulatorError", "World", "create_simulator", "load_world"]

_HOMES = {
    "SimulatorError": ".refusals",
    "World": ".world",
    "create_simulator": ".app",
    "load_world": ".world",
}


def __getattr__(name: str) -> object:
    # Loaded when it is asked for: pytest loads the plugin, and this with it, in each
    # suite of an environment, also where no test wants a simulator.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name], __name__), name)
