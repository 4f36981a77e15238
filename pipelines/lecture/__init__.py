"""The lecture: chapters in Markdown whose code makes their figures, and what that code calls, a subject a file."""
