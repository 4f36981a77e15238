"""One file for each kind of figure; each turns numbers into an `elements.Figure`."""
