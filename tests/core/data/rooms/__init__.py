"""Rooms that are booked once for each time: a module as a team writes it."""
