"""Feature families: each turns pictures into one vector a picture, ready for a linear classifier.

A family is a frozen configuration with two functions: `fit(images, seed, ...)` learns its state (a codebook, a
projection, or nothing) from training pictures, and `encode(images, state)` is the one function that
training, validation and test pictures all go through.
"""
