"""The stack of linear recurrent layers that both linear targets assemble into: weights, and two ways to run them."""
