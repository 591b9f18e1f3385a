"""Files: what people keep here, streamed in and out, and never believed to be what it says."""
