"""The conversion of a multipart body to stored objects: parsed and checked as it arrives."""
