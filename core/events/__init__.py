"""Events: recorded with the work, delivered after it at least once; and schedules, run once."""
