"""What keys are called elsewhere, by the symbols of the field and the names of the paper, and what they mean."""

from __future__ import annotations

#: Symbols as names of keys, in a spec (at its top level), in --set and in --grid.
SYMBOLS = {
    "d": "dimension",
    "p": "student.width",
    "k": "teacher.width",
    "gamma": "learning_rate.gamma",
    "γ": "learning_rate.gamma",
    "Delta": "teacher.noise",
    "Δ": "teacher.noise",
    "seeds": "simulate.seeds",
}
#: The paper's names of the equations.
EQUATIONS = {
    "SS-ODE": "full",
    "GF-ODE": "gradient-flow",
    "GF-ODE-NOISE": "gradient-flow-noise",
    "MF-ODE": "mean-field",
    "HDMF-ODE": "mean-field-high-d",
}


def key_of(word: str) -> str:
    """The dotted key that a symbol stands for; any other word as it is."""
    return SYMBOLS.get(word, word)


#: What each key means, for the schema (editors show it), `sgdode explain` and errors.
MEANINGS = {
    "name": "becomes part of file names; by default the stem of the spec's own",
    "seed": "everything random follows from it",
    "dimension": "d, the dimension of the inputs; inf for integrate alone",
    "teacher": "the network that labels the inputs: k, σ*, a*, P and Δ",
    "teacher.width": "k, the number of its hidden units",
    "teacher.activation": "σ*: a name, a Hermite series, a formula, a table or Python code; erf is erf(x/√2)",
    "teacher.output_weights": "a*: a number, k numbers, width (= k) or sqrt-width",
    "teacher.overlap": "P = W* W*ᵀ/d: identity, or a k×k matrix",
    "teacher.noise": "Δ, the variance of the label noise",
    "teacher.placement": "where the teachers lie in the spectrum of the inputs; isotropic: anywhere",
    "placement.power": "δ: w*_j² falls as j^(−δ) over the ordered eigenvalues",
    "placement.block": "all teachers lie in this block, counted from 0 in the order that was given",
    "placement.variance": "the share of each block in the variance of the teachers' fields",
    "teacher.tasks": "which rows teach from when, y their mean: a list of {start, rows, ...}",
    "teacher.rotation": "two rows turn in their plane: {rate, plane: [r, s]}",
    "rotation.rate": "radians per unit of t",
    "rotation.plane": "the rows r and s: w*_r turns towards w*_s",
    "teacher.drift": "η: each teacher wanders at constant norm; equations alone",
    "student": "the network that learns: p, σ, a",
    "student.width": "p, the number of its hidden units; inf for integrate alone",
    "student.activation": "σ: a name, a Hermite series, a formula, a table or Python code; erf is erf(x/√2)",
    "student.output_weights": "a at the start: a number, p numbers, width (an unnormalised committee) or sqrt-width",
    "student.train_output": "the learning rate of a, relative to that of W; 0 keeps a fixed",
    "activation.name": "a built-in activation",
    "activation.gain": "of the field: σ(x) = f(gain · x)",
    "activation.hermite": "coefficients [c0, c1, ...] in orthonormal Hermite polynomials h_n = He_n/√n!",
    "activation.formula": "f as a formula in x, as in x/(1 + exp(-x)); erf(x) is the usual one there",
    "activation.table": "a CSV file with rows of x and f(x), relative to the spec; the result keeps them",
    "activation.values": "the rows of the table, as a result keeps them",
    "activation.python": "file.py:name of a function with its derivative d_name, or an Activation; with --allow-code",
    "activation.source": "the text of the Python file, as a result keeps it",
    "learning_rate": "γ = gamma · d^d_exponent · p^p_exponent; a bare number is gamma alone",
    "learning_rate.gamma": "γ where the exponents are 0",
    "learning_rate.d_exponent": "the power of d in γ",
    "learning_rate.p_exponent": "the power of p in γ",
    "learning_rate.schedule": "constant, or {power: β, time: t0}: γ(t) = γ (1 + t/t0)^(−β)",
    "schedule.power": "β of γ(t) = γ (1 + t/t0)^(−β)",
    "schedule.time": "t0 of γ(t) = γ (1 + t/t0)^(−β)",
    "batch_size": "samples in each step",
    "weight_decay": "ω, on W alone; the risk has no penalty term",
    "constraint": "none; spherical: every neuron keeps |w|² = d; spherical-fields: the variance of its field stays",
    "inputs": "the law of the inputs",
    "inputs.spectrum": "eigenvalues of the covariance of the inputs, scaled to trace d",
    "spectrum.power": "α: the j-th eigenvalue falls as j^(−α)",
    "spectrum.blocks": "[[fraction, eigenvalue], ...] of the dimensions",
    "spectrum.file": "eigenvalues in a .npy or .txt file, relative to the spec",
    "inputs.bins": "blocks that a power law or a file is gathered into: auto (error 1e-3), a number, or all",
    "algorithm": "the learning rule, where it is not that of plain SGD",
    "algorithm.loss": "what the residual E is of",
    "initial": "the start that simulation and equations share",
    "initial.kind": "its law, or where it comes from; the other keys depend on it",
    "initial.seed": "of the start alone; null is `seed`",
    "initial.tolerance": "how far below 0 an eigenvalue of given overlaps may be, relative to the largest",
    "time": "when to save, in t = ν γ/(p d) at step ν",
    "time.stop": "the end; a longer one goes on from a finished run",
    "time.start": "the first saved t after 0; by default min(0.01, stop/100)",
    "time.points": "how many times are saved after t = 0; no path depends on it",
    "time.spacing": "of the saved times: log or linear",
    "simulate": "how SGD is simulated",
    "simulate.seeds": "runs with their own data, all from the same start",
    "simulate.method": "exact: a cost that does not depend on d; explicit: d-dimensional weights",
    "simulate.precision": "of the weights",
    "integrate": "which equations are solved, and how",
    "integrate.equations": "auto takes `full` while it is affordable, else mean-field; the paper's names do, too",
    "integrate.solver": "auto is CVODE",
    "integrate.rtol": "relative tolerance of the solver",
    "integrate.atol": "absolute tolerance of the solver",
    "integrate.fluctuations": "error bars over runs from theory along `full`: true (all overlaps), risk, or ensemble",
    "integrate.noise_correction": "the (γ/p)Δ term in the mean-field systems",
    "integrate.particles": "at width inf: how many stand for the neurons; auto takes as many as are needed",
    "save": "auto (risk and M, and Q while it is small), or a list out of risk, M, Q, q",
}
