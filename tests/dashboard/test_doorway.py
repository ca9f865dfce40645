"""Who makes room when too many are inside: a table of stories, without a connection."""

from __future__ import annotations

from achterwacht_dashboard.doorway import Doorway


class Somebody:
    """A connection that says whether it was cut off."""

    def __init__(self) -> None:
        self.is_cut = False

    def abort(self) -> None:
        self.is_cut = True


def test_whoever_waits_the_longest_makes_room() -> None:
    door, (first, second, third) = Doorway(2), (Somebody(), Somebody(), Somebody())
    assert [door.comes(one) for one in (first, second, third)] == [False, False, True]
    assert [one.is_cut for one in (first, second, third)] == [True, False, False]
    assert door.inside == 2
    door.gone(first)  # the end of what was cut off
    assert door.inside == 2


def test_whoever_has_an_answer_goes_before_whoever_waits_for_one() -> None:
    door, (waits, served, comes) = Doorway(2), (Somebody(), Somebody(), Somebody())
    door.comes(waits)
    door.comes(served)
    door.served(served)
    assert door.comes(comes)
    assert served.is_cut and not waits.is_cut


def test_a_new_request_of_whoever_was_served_is_a_new_turn() -> None:
    door, (waits, asks_again, comes) = Doorway(2), (Somebody(), Somebody(), Somebody())
    door.comes(asks_again)
    door.served(asks_again)
    door.comes(waits)
    assert not door.comes(asks_again)
    assert door.comes(comes)
    assert waits.is_cut and not asks_again.is_cut


def test_an_open_page_never_makes_room_until_it_has_its_last_words() -> None:
    door, pages, comes = Doorway(2), [Somebody(), Somebody()], Somebody()
    for page in pages:
        door.comes(page)
        door.is_page(page)
    assert door.comes(comes)
    assert comes.is_cut, "all others are pages"
    door.served(pages[1])
    assert door.comes(Somebody())
    assert [page.is_cut for page in pages] == [False, True]
    door.gone(pages[0])
    assert door.inside == 1


def test_what_is_cut_off_already_comes_to_nothing_more() -> None:
    door, gone = Doorway(1), Somebody()
    door.comes(gone)
    door.comes(Somebody())
    door.is_page(gone)
    door.served(gone)
    assert door.inside == 1
