"""The scorer's decision, pure: visits, signals, points, score, grade, and which change is told."""
