"""The lecture's page: reads the numbers that `python -m pipelines.lecture` wrote, and draws them."""
