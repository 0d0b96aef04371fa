"""`python -m` of this package: the same as `wechat-simulator`."""

from .command import main

main(prog_name="wechat-simulator")
