"""Advice on green-screen parameters: what a complaint, a measurement or a search proposes."""

from avatar_async.media.advice.complaints import Complaint, Proposal, propose
from avatar_async.media.advice.diagnosis import Diagnosis, Observation, diagnose
from avatar_async.media.advice.effects import Effect, effects
from avatar_async.media.advice.measures import Measure, measured
from avatar_async.media.advice.recipes import Recipe, composed
from avatar_async.media.advice.regions import Regions, regions_of
from avatar_async.media.advice.score import SCORE_NAME, Score, score
from avatar_async.media.advice.search import Search, Step, find_best

__all__ = [
    "SCORE_NAME",
    "Complaint",
    "Diagnosis",
    "Effect",
    "Measure",
    "Observation",
    "Proposal",
    "Recipe",
    "Regions",
    "Score",
    "Search",
    "Step",
    "composed",
    "diagnose",
    "effects",
    "find_best",
    "measured",
    "propose",
    "regions_of",
    "score",
]
