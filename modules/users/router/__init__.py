"""The HTTP layer: a controller for each subject, and one for users under `/admin`."""
