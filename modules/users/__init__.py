"""Users: the people who have an account, what they say of themselves, and how they leave."""
