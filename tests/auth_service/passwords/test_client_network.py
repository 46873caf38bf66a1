"""What is counted as one client, however its address is written."""

import pytest

from auth_service.passwords.client_network import client_network


@pytest.mark.parametrize(
    ("addresses", "network"),
    [
        (["203.0.113.7", "::ffff:203.0.113.7", "::ffff:cb00:7107"], "203.0.113.7"),
        (["::ffff:203.0.113.8"], "203.0.113.8"),
        (["2001:db8:1:2::", "2001:DB8:1:2:3:4:5:6", "2001:db8:1:2:ffff::"], "2001:db8:1:2::/64"),
        (["2001:db8:1:3::1"], "2001:db8:1:3::/64"),
        (["fe80::1", "fe80::2%eth0"], "fe80::/64"),
        ([None], "None"),
        (["a name"], "a name"),
    ],
)
def test_the_network_of_an_address(addresses: list[str | None], network: str) -> None:
    assert {client_network(address) for address in addresses} == {network}
