"""Files: uploads and downloads of users, whose content is checked against the extension."""
