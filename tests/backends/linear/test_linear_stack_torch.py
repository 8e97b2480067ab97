import numpy as np
import pytest
import torch
from hypothesis import given, settings
from random_linear_stacks import exactly, one_layer, stacks

from lsrl.backends.linear.network import NumpyNetwork
from lsrl.backends.linear.torch_module import LinearStack, recurrence

SHORTCUTS = {
    "pass": np.zeros((2, 2)),
    "sum": np.eye(2),
    "cycle": np.roll(np.eye(3), 1, axis=0),
    "chain": np.eye(3, k=-1),
    "decay": np.diag([0.5, -0.7]),
    "general": np.array([[0.3, 0.5], [-0.5, 0.3]]),
    "coupled": np.array([[1, 0, 0], [0.5, 1, 0], [1, 0, 0]]),
}


@settings(deadline=None)
@given(stacks())
def test_the_module_computes_what_the_numpy_runtime_computes(case):
    weights, x = case
    exactly(weights, x)
    with torch.no_grad():
        outputs = LinearStack(weights)(torch.from_numpy(x))
    np.testing.assert_array_equal(outputs.numpy(), NumpyNetwork(weights).run(x))


@pytest.mark.parametrize("name", SHORTCUTS)
def test_gradients_are_those_of_the_recurrence_for_every_entry_of_its_matrix(name):
    A = torch.from_numpy(SHORTCUTS[name]).requires_grad_()
    n = len(A)
    driven = torch.tensor([name != "cycle" and (name != "chain" or row == 0) for row in range(n)])
    u = (torch.randn(2, 5, n, dtype=torch.float64) * driven).requires_grad_()
    init = torch.randn(n, dtype=torch.float64, requires_grad=True)

    def by_steps(A, u, init):
        states = [init.expand(len(u), -1)]
        for t in range(u.shape[1]):
            states.append(states[-1] @ A.T + u[:, t])
        return torch.stack(states[1:], dim=1)

    weight = torch.randn(2, 5, n, dtype=torch.float64)
    found = torch.autograd.grad((recurrence(A, u, init, driven) * weight).sin().sum(), (A, u, init))
    expected = torch.autograd.grad((by_steps(A, u, init) * weight).sin().sum(), (A, u, init))
    for gradient, other in zip(found, expected, strict=True):
        torch.testing.assert_close(gradient, other)


def test_gradients_can_be_differentiated_again():
    A = torch.from_numpy(SHORTCUTS["coupled"]).requires_grad_()
    u = torch.randn(1, 4, 3, dtype=torch.float64, requires_grad=True)
    init = torch.randn(3, dtype=torch.float64, requires_grad=True)
    driven = torch.ones(3, dtype=torch.bool)
    assert torch.autograd.gradcheck(lambda *a: recurrence(*a, driven), (A, u, init))
    assert torch.autograd.gradgradcheck(lambda *a: recurrence(*a, driven), (A, u, init))


@settings(deadline=None, max_examples=10)
@given(stacks())
def test_input_and_all_weights_get_finite_gradients(case):
    weights, x = case
    exactly(weights, x[:, :10])
    module = LinearStack(weights)
    tokens = torch.from_numpy(x[:, :10]).requires_grad_()
    module(tokens).sum().backward()
    for tensor in (tokens, *module.parameters()):
        assert tensor.grad is not None
        assert tensor.grad.isfinite().all()


def test_a_trained_module_computes_its_new_recurrence():
    module = LinearStack(one_layer(SHORTCUTS["cycle"], init=[1, 2, 4], driven=False))
    x = torch.randn(2, 70, 1, dtype=torch.float64)
    module(x).square().sum().backward()
    torch.optim.SGD(module.parameters(), lr=1e-6).step()
    layer = module.layers[0]
    assert (layer.A != 0).all()
    state, outputs = layer.init.expand(2, -1), []
    for t in range(70):
        state = state @ layer.A.T + x[:, t] @ layer.B.T + layer.b
        outputs.append(torch.relu(state @ layer.C.T + layer.d) @ module.R.T + module.r)
    torch.testing.assert_close(module(x), torch.stack(outputs, dim=1))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_module_moved_to_another_dtype_computes_in_it(dtype):
    module = LinearStack(one_layer([[1, 0], [0, -1]], init=[1, 1])).to(dtype)
    outputs = module(torch.ones(1, 6, 1, dtype=dtype))
    assert outputs.dtype == dtype
    assert outputs[0].tolist() == [[2, 0], [3, 1], [4, 0], [5, 1], [6, 0], [7, 1]]


@settings(deadline=None, max_examples=10)
@given(stacks())
def test_a_state_dict_carries_a_module_over(case):
    weights, x = case
    exactly(weights, x)
    module, blank = LinearStack(weights), LinearStack(weights)
    for parameter in blank.parameters():
        torch.nn.init.zeros_(parameter)
    blank.load_state_dict(module.state_dict())
    with torch.no_grad():
        assert torch.equal(module(torch.from_numpy(x)), blank(torch.from_numpy(x)))


def test_parameters_have_the_names_of_the_weights():
    names = dict(LinearStack(one_layer([[1]])).named_parameters())
    assert set(names) == {"R", "r", *(f"layers.0.{name}" for name in ("A", "B", "C", "b", "init", "d"))}
