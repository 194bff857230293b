"""Speech without pictures: words, phonemes, invented languages, and the networks that learn from them."""
