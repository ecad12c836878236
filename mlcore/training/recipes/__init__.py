"""Recipes: the whole trainings, from the data to the artifact, and the choice among several."""
