"""How links of WeChat's are written that no test of the simulator reads."""

from wxlogin.wechat.endpoints import Hosts, program_url

OPENED = {
    "appid": "wx0000000000000a03",
    "path": "pages/scan/scan",
    "query": "scene=k3J9-_&a",
}


def test_the_scheme_that_opens_a_mini_program():
    """What the query holds is encoded once more than the program decodes it."""
    link = "weixin://dl/business/?appid=wx0000000000000a03&path=pages%2Fscan%2Fscan"
    told = program_url(Hosts(), **OPENED, env_version="release")
    assert told == f"{link}&query=scene%3Dk3J9-_%26a"
    trial = program_url(Hosts(), **OPENED, env_version="trial")
    assert trial == f"{told}&env_version=trial"


def test_the_simulator_has_the_same_path():
    hosts = Hosts(phone="http://localhost:5001")
    told = program_url(hosts, **OPENED, env_version="release")
    assert told.startswith("http://localhost:5001/dl/business/?appid=")
