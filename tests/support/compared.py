"""A problem whose simulation and equations are compared."""

BASE = {
    "dimension": 2000,
    "teacher": {"width": 2, "noise": 0.05},
    "student": {"width": 4},
    "learning_rate": 2.0,
    "initial": {"seed": 0},
    "time": {"start": 0.2, "stop": 4, "points": 10},
    "simulate": {"seeds": 20},
    "save": ["risk", "M", "Q"],
}
