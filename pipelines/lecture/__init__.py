"""The lecture's experiments, a chapter a file: `python -m bakeoff.pipelines.lecture` computes the numbers of all."""
