"""Circuit to circuit: a target's rules write the units that it lacks by those that it has."""
