"""Networks and what they need: spectrograms, layers, checkpoint readers."""
