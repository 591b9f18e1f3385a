"""Admin: what the people who run the application see and do. Modules contribute; it collects."""
