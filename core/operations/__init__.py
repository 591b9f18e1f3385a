"""What a module tells, and does for, the people who run the application."""
