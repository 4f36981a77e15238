"""The lecture's page: reads the numbers that `python -m bakeoff.pipelines.lecture` wrote, and draws them."""
