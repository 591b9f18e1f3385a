"""The use cases of people: accounts, their own profile, administration, leaving, and records."""
