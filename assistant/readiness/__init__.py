"""Readiness: questionnaire, answers, scores, and the assessment made of them."""

from assistant.readiness.answers import Answers, Problem, Problems, examine, missing
from assistant.readiness.assessment import Assessment, Readiness, changes, compared, side_by_side
from assistant.readiness.forms import blank_yaml, example_yaml
from assistant.readiness.handover import Workstream, to_brief
from assistant.readiness.questionnaire import Question, Questionnaire
from assistant.readiness.scoring import Scores, score

__all__ = [
    "Answers",
    "Assessment",
    "Problem",
    "Problems",
    "Question",
    "Questionnaire",
    "Readiness",
    "Scores",
    "Workstream",
    "blank_yaml",
    "changes",
    "compared",
    "examine",
    "example_yaml",
    "missing",
    "score",
    "side_by_side",
    "to_brief",
]
