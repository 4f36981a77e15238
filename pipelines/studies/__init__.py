"""Questions that take several trainings or changed pictures. Each module answers one with a `StudyResult`."""
