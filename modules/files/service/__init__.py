"""The services for files, their contents, uploads and quota."""
