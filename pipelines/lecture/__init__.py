"""The lecture's experiments: each file computes the numbers of one chapter, `python -m pipelines.lecture` all."""
