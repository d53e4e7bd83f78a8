"""Drawn figures of exercises: a pose model of one adult body, and its picture as SVG.

Lengths are centimetres, x to the right and y upwards with the floor at 0; angles are degrees.
"""
