"""Several MariaDB servers in DATABASE_URL: which one a connection leads to."""

from collections.abc import Iterator
from typing import Any

import pymysql
import pytest
import sqlalchemy as sa
from pymysql.constants import CR

from wxlogin.db import drivers, engine, hosts
from wxlogin.db.engine import engine_options
from wxlogin.db.soundness import place

URL = "mysql+pymysql://u@/wxlogin?host=one:3307&host=two&host=three:3309"


class Server:
    """A connection to a server that says of itself what a test has set."""

    def __init__(self, facts: dict[str, str]) -> None:
        self.facts = {"wsrep_on": "OFF", "read_only": "OFF", "wsrep_ready": "OFF"}
        self.facts |= facts
        self.told: list[str] = []
        self.closed = False

    def cursor(self) -> "Server":
        return self

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def execute(self, statement: str) -> None:
        self.told.append(statement)

    def fetchall(self) -> list[tuple[str, str]]:
        return [pair for pair in self.facts.items() if pair[0] in self.told[-1]]

    def close(self) -> None:
        self.closed = True


class Network:
    """Servers by address; who is not among them does not answer."""

    def __init__(self) -> None:
        self.servers: dict[tuple[str, int | None], Server] = {}
        self.asked: list[tuple[str, int | None]] = []

    def connect(self, _dialect: object, _record: object, _args: Any, named: Any) -> Any:
        place = (named["host"], named.get("port"))
        self.asked.append(place)
        if place not in self.servers:
            raise pymysql.OperationalError(CR.CR_CONN_HOST_ERROR, "nobody")
        return self.servers[place]


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    made = Network()
    monkeypatch.setattr(hosts.unchecked_tls, "connect", made.connect)
    monkeypatch.setattr(hosts, "_ill", {})
    yield made


def connect(url: str = URL) -> Any:
    made = sa.make_url(url)
    _, named = made.get_dialect()().create_connect_args(made)
    return hosts.connect(None, None, [], named)


def test_the_first_host_is_used_where_it_answers(network: Network) -> None:
    network.servers = {(name, 3307): Server({}) for name in ("one", "other")}
    assert connect() is network.servers["one", 3307]
    assert network.asked == [("one", 3307)]


def test_who_does_not_answer_is_asked_last_for_a_while(network: Network) -> None:
    network.servers["two", None] = Server({})
    for _ in range(2):
        assert connect() is network.servers["two", None]
    assert network.asked == [("one", 3307), ("two", None), ("two", None)]


@pytest.mark.parametrize(
    "facts",
    [{"read_only": "ON"}, {"read_only": "NO_LOCK"}, {"wsrep_on": "ON"}],
    ids=["replica", "replica of a newer MariaDB", "node without its cluster"],
)
def test_who_takes_no_statements_is_passed_over(
    network: Network, facts: dict[str, str]
) -> None:
    useless = network.servers["one", 3307] = Server(facts)
    network.servers["two", None] = Server({"wsrep_on": "ON", "wsrep_ready": "ON"})
    assert connect() is network.servers["two", None]
    assert useless.closed


def test_where_none_is_of_use_the_last_one_says_why(network: Network) -> None:
    network.servers["three", 3309] = Server({"wsrep_on": "ON"})
    with pytest.raises(pymysql.OperationalError) as raised:
        connect()
    assert raised.value.args[0] == 1047
    error = sa.exc.OperationalError("", {}, raised.value)
    assert drivers.sentence(error) == drivers.NOT_READY
    assert [host for host, _ in network.asked] == ["one", "two", "three"]


def test_one_host_is_asked_nothing(network: Network) -> None:
    network.servers = {("one", 3307): Server({"read_only": "ON"})}
    for url in ("u@one:3307/x", "u@/x?host=one:3307"):
        connected = connect(f"mysql+pymysql://{url}")
        assert connected is network.servers["one", 3307]
    assert connected.told == []


def test_reads_of_a_node_see_what_others_committed() -> None:
    alone, node = Server({}), Server({"wsrep_on": "ON"})
    for server in (alone, node):
        hosts.join_cluster(server, None)
    assert len(alone.told) == 1
    assert "wsrep_sync_wait" in node.told[-1]


@pytest.mark.parametrize("code", [1047, 1290, 1836])
def test_a_server_that_takes_no_more_statements_is_left(code: int) -> None:
    made = sa.create_engine("mysql+pymysql://u@one/x")
    engine.prepare_engine(made)
    error = pymysql.OperationalError(code, "no")

    class Context:
        sqlalchemy_exception = sa.exc.OperationalError("", {}, error)
        is_disconnect = False

    context: Any = Context()
    engine._leave_server(context)
    assert context.is_disconnect


def test_people_read_all_hosts() -> None:
    assert place(sa.make_url(URL)).endswith("wxlogin on one:3307, two, three:3309")


@pytest.mark.parametrize(
    ("query", "threshold"),
    [("?prepare_threshold=none", None), ("?prepare_threshold=3", 3), ("", "unsaid")],
)
def test_behind_pgbouncer_no_statement_is_prepared(
    query: str, threshold: object
) -> None:
    options = engine_options(f"postgresql+psycopg://u@one/x{query}")
    assert options["connect_args"].get("prepare_threshold", "unsaid") == threshold
