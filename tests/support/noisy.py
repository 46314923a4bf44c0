"""One noisy problem, small enough that SGD spreads visibly about the equations."""

BASE = {
    "dimension": 300,
    "teacher": {"width": 2, "noise": 0.05},
    "student": {"width": 3},
    "learning_rate": 1.0,
    "time": {"start": 1.0, "stop": 4.0, "points": 4, "spacing": "linear"},
    "simulate": {"seeds": 400},
    "integrate": {"fluctuations": True},
    "save": ["risk", "M", "Q"],
}
