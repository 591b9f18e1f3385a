"""Users: accounts, profiles, and the export and erasure of personal data."""
