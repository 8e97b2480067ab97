"""Recurrent networks in bfloat16 at its worst: sums in any order, each partial sum and each product rounded at once."""

import torch

LEAST = 2.0**-126


def rounded(x):
    """The nearest of bfloat16's numbers, in float64; what is below the normal ones is flushed to zero."""
    found = x.bfloat16().double()
    return torch.where(found.abs() < LEAST, 0.0, found)


def summed(terms, generator):
    """The sum over the last axis of (…, rows, terms), in an order that `generator` draws."""
    order = torch.randperm(terms.shape[-1], generator=generator)
    result = torch.zeros(terms.shape[:-1], dtype=torch.float64)
    for i in order:
        result = rounded(result + rounded(terms[..., i]))
    return result


def run(model, x, seed):
    """The outputs (T, out) of a compiled model for inputs (T, in), by the formulas of torch's documentation."""
    module, generator = model.module, torch.Generator().manual_seed(seed)
    tensors = {name: tensor.detach().double() for name, tensor in module.state_dict().items()}
    recurrent = module.recurrent
    step = {"LSTM": _lstm, "GRU": _gru, "RNN": _rnn}[type(recurrent).__name__]
    states = [[tensors[name][layer] for name in module.states] for layer in range(recurrent.num_layers)]
    outputs = []
    for given in torch.as_tensor(x, dtype=torch.float64):
        below = rounded(given)
        for layer, state in enumerate(states):
            weights = [
                tensors[f"recurrent.{name}_l{layer}"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            ]
            states[layer] = step(recurrent, weights, below, state, generator)
            below = states[layer][0]
        row = torch.cat([tensors["readout.weight"] * below, tensors["readout.bias"][:, None]], dim=1)
        outputs.append(summed(row, generator))
    return torch.stack(outputs).numpy()


def _rnn(recurrent, weights, below, state, generator):
    act = {"relu": torch.relu, "tanh": torch.tanh}[recurrent.nonlinearity]
    return [rounded(act(summed(torch.cat(_parts(weights, below, state[0]), dim=1), generator)))]


def _lstm(_, weights, below, state, generator):
    i, f, g, o = summed(torch.cat(_parts(weights, below, state[0]), dim=1), generator).chunk(4)
    i, f, g, o = rounded(i.sigmoid()), rounded(f.sigmoid()), rounded(g.tanh()), rounded(o.sigmoid())
    c = rounded(rounded(f * state[1]) + rounded(i * g))
    return [rounded(o * rounded(c.tanh())), c]


def _gru(_, weights, below, state, generator):
    h = state[0]
    incoming, own = _parts(weights, below, h)
    (in_r, in_z, in_n), (own_r, own_z, own_n) = incoming.chunk(3), own.chunk(3)
    r, z = (rounded(summed(torch.cat(pair, dim=1), generator).sigmoid()) for pair in ((in_r, own_r), (in_z, own_z)))
    past = rounded(r * summed(own_n, generator))
    n = rounded(rounded(summed(in_n, generator) + past).tanh())
    return [rounded(n + rounded(z * rounded(h - n)))]


def _parts(weights, below, h):
    """All that is added up for every gate: of the layer below, and of the layer itself one step ago."""
    weight_ih, weight_hh, bias_ih, bias_hh = weights
    return (
        torch.cat([weight_ih * below, bias_ih[:, None]], dim=1),
        torch.cat([weight_hh * h, bias_hh[:, None]], dim=1),
    )
