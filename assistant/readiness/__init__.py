"""Readiness: questionnaire, answers, scores, and the assessment made of them."""
