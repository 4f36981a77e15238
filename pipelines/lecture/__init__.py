"""The lecture's experiments, a chapter a file: `bakeoff lecture` computes the numbers of all."""
