"""Reports as files: DOCX, XLSX with live formulas, Markdown, JSON and calendar."""
