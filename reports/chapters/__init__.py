"""The chapters of a report, in reading order; each file turns a Comparison into Sections of plain text and numbers."""
