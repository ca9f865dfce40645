"""One night in which every row of the table happens, so that no row is a dead letter."""

from __future__ import annotations

from achterwacht.core.escalation import TABLE
from house import House


def test_every_row_of_the_table_happens_in_one_night(house: House) -> None:
    def say(*words: tuple[str, str]) -> None:
        for member, word in words:
            assert house.says(member, word, reason="seen by reception") == "accepted"  # type: ignore[arg-type]

    both_coming = ("anna", "coming"), ("cor", "coming")
    first = house.press(7)
    house.wait(5)
    house.press(7)  # ringing: pressed again
    say(*both_coming, ("cor", "cannot"))
    say(("cor", "coming"))
    house.wait(61)  # nobody arrives
    say(*both_coming)
    house.wait(3)
    house.press(7)  # coming: pressed again
    say(*both_coming, ("anna", "on_scene"))
    house.wait(5)
    say(("dina", "coming"), ("anna", "cannot"))  # on the scene, then only coming
    say(("anna", "on_scene"), ("dina", "cannot"), ("cor", "cannot"))
    house.wait(5)
    house.press(7)  # on the scene: pressed again
    say(("anna", "on_scene"), ("anna", "cannot"))  # on the scene, then nobody at all
    say(("anna", "on_scene"))
    house.wait(151)  # the scene is silent
    say(*both_coming, ("els", "all_clear"))  # while they are coming
    assert house.undoes("anna", first) == "accepted"
    say(("els", "all_clear"))  # while it rings
    assert house.undoes("anna", first) == "accepted"
    say(("anna", "on_scene"), ("anna", "all_clear"))
    house.wait(1)
    house.lets_ring()
    assert house.changes == set(TABLE)
