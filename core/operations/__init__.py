"""The parts of the core that serve operators: health, metrics, maintenance mode, commands."""
