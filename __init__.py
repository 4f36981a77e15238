"""Hand-crafted features and a linear classifier, or a net trained end to end? An honest comparison on your pictures."""
