"""Boxes in layers: never on one another, never wider than a page, always above what reads them."""

from itertools import combinations, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from lsrl.view.layered_layout import Edge, laid_out

MOST = 1000.0


@st.composite
def graphs(draw):
    """Sizes of boxes, and edges from lower to higher numbers; every box but the last is read by another."""
    count = draw(st.integers(1, 14))
    sizes = draw(st.lists(st.tuples(st.floats(20, 380), st.floats(20, 90)), min_size=count, max_size=count))
    edges = [Edge(i, draw(st.integers(i + 1, count - 1)), draw(st.booleans())) for i in range(count - 1)]
    pairs = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)).filter(lambda pair: pair[0] < pair[1])
    edges += [Edge(*pair) for pair in draw(st.lists(pairs, max_size=12))] if count > 1 else []
    return sizes, edges


@settings(deadline=None)
@given(graphs())
def test_boxes_are_apart_within_the_page_and_above_their_readers(graph):
    sizes, edges = graph
    found = laid_out(sizes, edges, first=[0], most=MOST)
    boxes = [
        (x - width / 2, top, x + width / 2, top + height)
        for (x, top), (width, height) in zip(found.places, sizes, strict=True)
    ]
    for one, other in combinations(boxes, 2):
        assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
    assert max(right for _, _, right, _ in boxes) <= found.width + 1e-6 <= MOST + 1e-3
    assert min(left for left, _, _, _ in boxes) >= -1e-6
    assert all(boxes[edge.start][3] <= boxes[edge.end][1] for edge in edges)
    assert found.layer_of[0] == 0


@settings(deadline=None)
@given(graphs())
def test_edges_pass_every_layer_between_their_ends_beside_its_boxes(graph):
    sizes, edges = graph
    found = laid_out(sizes, edges, first=[0], most=MOST)
    for edge, points in found.routes.items():
        between = range(found.layer_of[edge.start] + 1, found.layer_of[edge.end])
        assert [found.layers.index((point.top, point.bottom)) for point in points] == list(between)
        assert all(one.bottom < other.top for one, other in pairwise(points))
        for layer, point in zip(between, points, strict=True):
            for box, (x, _) in enumerate(found.places):
                if found.layer_of[box] == layer:
                    assert abs(point.x - x) >= sizes[box][0] / 2 - 1e-6
