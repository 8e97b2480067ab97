"""The benchmark measures what it says; here only that its sizes reach their goals."""

from lsrl import bench


def test_sizes_reach_their_goals():
    sizes = [figure for figure in bench.size_figures(10, repeats=1) if "compile" not in figure.what]
    assert len(sizes) == 8
    assert all(figure.reached in (True, None) for figure in sizes)


def test_a_figure_knows_whether_it_reaches_its_goal():
    slow = bench.Figure("speed", 5, "tokens/s", 10, "at least")
    assert slow.reached is False
    assert bench.Figure("size", 5, "", 10).reached is True
    assert bench.Figure("size", 5, "").reached is None
    assert slow.as_dict()["reached"] is False


def test_importing_takes_no_torch():
    assert next(f for f in bench.import_figures() if "torch" in f.what).value == 0
