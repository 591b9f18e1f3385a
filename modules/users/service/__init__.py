"""The services for accounts, profiles, administration, deletion and personal data."""
