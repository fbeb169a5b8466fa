"""How series are told apart in every figure."""

from babelmerge.display import style


def test_no_two_series_look_the_same_before_all_colours_met_all_markers():
    """A study may have more methods than there are colours: none may look like another."""
    many = len(style.PALETTE) * len(style.MARKERS)
    looks = [(look["color"], look["marker"]) for look in map(style.look, range(many))]
    assert len(set(looks)) == many
    assert all(style.mark(at).items() >= style.look(at).items() for at in range(many))
