"""Addresses of brokers: what is taken, what is refused, who logs in as whom."""

from __future__ import annotations

import pytest

from achterwacht_sim.address import BadAddress, Broker, broker_of


@pytest.mark.parametrize(
    ("address", "broker"),
    [
        ("mqtt://pi", Broker("pi", 1883)),
        ("mqtts://pi", Broker("pi", 8883, tls=True)),
        ("mqtt://127.0.0.1:18830/", Broker("127.0.0.1", 18830)),
        ("mqtt://[::1]:1884", Broker("::1", 1884)),
        ("mqtt://p%401:s%2Fcret@pi", Broker("pi", 1883, "p@1", "s/cret")),
    ],
)
def test_an_address_is_read(address: str, broker: Broker) -> None:
    assert broker_of(address) == broker


@pytest.mark.parametrize("address", ["", "pi", "http://pi", "mqtt://", "mqtt://pi:x", "mqtt://pi:99999", "mqtt://pi/x"])
def test_anything_else_is_refused_with_what_is_expected(address: str) -> None:
    with pytest.raises(BadAddress, match="broker"):
        broker_of(address)


def test_a_password_without_a_user_logs_each_node_in_as_itself() -> None:
    assert broker_of("mqtt://pi").user_for("7") is None
    assert broker_of("mqtt://pi", "secret").user_for("7") == "7"
    assert broker_of("mqtt://all@pi", "secret").user_for("7") == "all"
    assert broker_of("mqtt://all:own@pi", "secret").password == "own"


def test_a_password_is_not_shown_and_tls_has_a_context() -> None:
    assert "secret" not in repr(broker_of("mqtt://pi", "secret"))
    assert broker_of("mqtt://pi").tls_context() is None
    assert broker_of("mqtts://pi").tls_context() is not None
