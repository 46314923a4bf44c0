"""``simulate`` and ``integrate`` as users call them: from a Spec to the engine behind the door, and back as a
Trajectory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sgdode.equations.system import Method
from sgdode.machine import processors
from sgdode.notebook import tell, watched
from sgdode.reporting import Progress
from sgdode.results.checkpoint import Keeper
from sgdode.results.trajectory import Trajectory
from sgdode.spec.build import build, saving
from sgdode.spec.checks import located, require
from sgdode.spec.provenance import about
from sgdode.spec.schema import Spec
from sgdode.spec.start_files import stored

if TYPE_CHECKING:
    from sgdode.model.clock import Grid
    from sgdode.simulation.run import Sampling


@located
def simulate(
    spec: Spec,
    *,
    jobs: int | None = None,
    progress: Progress | bool | None = None,
    keeper: Keeper | None = None,
    times: Grid | None = None,
) -> Trajectory:
    """Run SGD ``simulate.seeds`` times from the one start of ``spec``, on ``jobs`` threads (default: every core).

    Returns a Trajectory with time (T,) in t = ν γ/(pd), step (T,), risk (S,T), M (S,T,p,k) and what else ``save`` asks
    for; see :func:`sgdode.simulation.simulate.simulate`. ``progress``: True for a bar (in a notebook there is one
    anyway, False for none), or a function ``progress(done, total)`` that counts the steps of all runs. ``times``: the
    saved times in place of those of the spec, which changes no path. What the run warns of is a SgdodeWarning, and in
    ``warnings`` of the result.
    Raises SpecError for a spec that cannot be simulated.
    """
    from sgdode.simulation import simulate as simulation  # a run loads the machine code of its own engine alone

    require(spec, "simulate")
    told = about(spec, "simulate")
    problem = build(spec)
    arguments = problem, saving(spec), sampling(spec)
    if spec.simulate.method == "leap":
        from sgdode.model.start_laws import start
        from sgdode.simulation.leap_run import refuse_short

        refuse_short(problem, start(problem), arguments[2])
    with watched("simulate", progress) as count:
        jobs = processors() if jobs is None else jobs
        found = simulation.simulate(*arguments, jobs=jobs, progress=count, keeper=keeper, about=told, times=times)
    found.start = {} if spec.initial.file is None else stored(problem, spec.simulate.seeds)
    return _told(found, spec, keeper)


@located
def integrate(
    spec: Spec,
    *,
    progress: Progress | bool | None = None,
    keeper: Keeper | None = None,
    times: Grid | None = None,
) -> Trajectory:
    """Solve the equations of ``spec``.

    Returns a Trajectory with time (T,) in t = ν γ/(pd), risk (T,), M (T,p,k) and Q (T,p,p) or q (T,p); see
    :func:`sgdode.equations.integrate.integrate`. ``progress`` as in :func:`simulate`, it counts saved times; ``times``
    as there.
    Raises SpecError for a spec that cannot be integrated, RunError where the tolerance cannot be met.
    """
    from sgdode.equations import integrate as equations

    require(spec, "integrate")
    told = about(spec, "integrate")
    problem = build(spec)
    arguments = problem, saving(spec), method(spec)
    with watched("integrate", progress) as count:
        found = equations.integrate(*arguments, progress=count, keeper=keeper, about=told, times=times)
    found.start = {} if spec.initial.file is None else stored(problem, 1)
    return _told(found, spec, keeper)


def _told(found: Trajectory, spec: Spec, keeper: Keeper | None) -> Trajectory:
    """The result, which knows its spec; without a ``keeper``, which speaks to a reporter, its warnings are warned
    of."""
    found.origin = spec
    if keeper is None:
        tell(found.warnings)
    return found


def sampling(spec: Spec) -> Sampling:
    """How a spec is simulated."""
    from sgdode.simulation.run import Leaping, Sampling

    asked = spec.simulate
    leaping = Leaping(asked.leap.tolerance, asked.leap.samples)
    return Sampling(spec.seed, asked.seeds, asked.method, asked.precision, leaping)


def method(spec: Spec) -> Method:
    """How the equations of a spec are solved."""
    asked = spec.integrate
    return Method(
        asked.equations,
        asked.solver,
        asked.rtol,
        asked.atol,
        asked.fluctuations,
        asked.noise_correction,
        asked.particles,
        spec.inputs.finite_size,
    )
