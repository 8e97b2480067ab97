"""Circuit to layers: when every unit is computed, and what is passed on to later readers."""
