"""What was found: records, and the pages rendered from them."""
