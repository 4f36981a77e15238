"""The lecture's experiments: each file computes the numbers of one chapter, `python -m bakeoff.pipelines.lecture` all."""
