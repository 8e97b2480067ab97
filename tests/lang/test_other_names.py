"""Names that are not there: still an AttributeError, that says what to write."""

import doctest
import inspect
import pickle
import re

import pytest

import lsrl
from lsrl.lang.other_names import OTHER_NAMES


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("sum", r"total\(x\) of the components, or cumsum\(x\) over time"),
        ("where", r"write ifelse\(cond, a, b\)"),
        ("concatenate", r"write Concat\(\[x, y\]\)"),
        ("Where", r"write ifelse"),
        ("maximun", r"did you mean maximum\?"),
        ("gated_state", r"did you mean GatedState\?"),
        ("relu", r"did you mean ReLU\?"),
    ],
)
def test_a_name_that_is_not_there_says_what_to_write(name, hint):
    with pytest.raises(AttributeError, match=f"^module 'lsrl' has no attribute '{name}'; .*{hint}") as caught:
        getattr(lsrl, name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["unheard_of", "_where", "__wrapped__"])
def test_a_name_like_nothing_gets_no_hint(name):
    with pytest.raises(AttributeError, match=f"^module 'lsrl' has no attribute '{name}'$"):
        getattr(lsrl, name)


def test_hints_name_what_there_is():
    for name, hint in OTHER_NAMES.items():
        assert name == name.lower()
        assert name not in {known.lower() for known in lsrl.__all__}
        assert set(re.findall(r"([A-Za-z_]+)\(", hint)) <= set(lsrl.__all__), name


def test_tools_that_look_for_attributes_find_what_they_did():
    assert not hasattr(lsrl, "where")
    assert getattr(lsrl, "sum", None) is None
    assert not set(OTHER_NAMES) & set(dir(lsrl))
    assert inspect.unwrap(lsrl) is lsrl
    assert [test.name for test in doctest.DocTestFinder().find(lsrl) if test.name == "lsrl"] == ["lsrl"]
    assert pickle.loads(pickle.dumps(lsrl.latch)) is lsrl.latch
    namespace = {}
    exec("from lsrl import *", namespace)
    assert set(lsrl.__all__) <= set(namespace)
    with pytest.raises(ImportError, match="cannot import name 'where'"):
        exec("from lsrl import where", {})
