"""Events, delivered at least once after their transaction, and schedules, run by one process."""
