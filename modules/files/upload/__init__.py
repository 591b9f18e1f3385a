"""How a multipart body becomes stored objects: taken apart, checked and written as it arrives."""
