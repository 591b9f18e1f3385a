"""How many ask at the same moment, and how often that is tried: once proves little."""

CLIENTS, ROUNDS = 50, 20
