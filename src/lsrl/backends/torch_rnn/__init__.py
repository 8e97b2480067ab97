"""The recurrent modules of torch: `torch.nn.RNN`, `LSTM` and `GRU`."""
