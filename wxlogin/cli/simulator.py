"""`wxlogin simulator`: the simulator's own command line under our name.

A file of its own, so that nothing of the simulator is loaded where the service runs
against the real WeChat.
"""

from wxlogin.simulator.command import commands

simulator = commands("simulator")
