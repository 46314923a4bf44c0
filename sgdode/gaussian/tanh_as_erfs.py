"""tanh x = Σ_m w_m erf(β_m x/√2): the logistic function is a mixture of normal laws over their scale, and a few do.

(Monahan & Stefanski 1992.) The error is the largest one over all x, in tanh and in its slope alike, so that an average
over Gaussian fields has it whatever their variances and correlations are. It falls by a factor of 5 to 6 a term.

How the numbers were made. :data:`MINIMAX`: all β and w by least squares (Levenberg and Marquardt) over x in (0, 20),
the slope at 0 held exact, with weights that grow where the error is large (Lawson) until it is level. :data:`NINE` and
:data:`TWELVE` are *nested*: level l uses the first l of the β, with weights of its own (least squares over x in (0, 14)
of tanh and its slope, the slope at 0 exact at every level, or fields of small variance are the worst case); the order
of the β, and then the β themselves (Nelder and Mead), make the product of the changes from level to level small.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sgdode.model.activations import Activation
from sgdode.model.overlaps import Array


class Levels(NamedTuple):
    """σ(x) = Σ_m w_lm erf(β_m x/√2), better with every level l; row l of ``weights`` (M,M) ends at the diagonal.

    ``values`` and ``slopes`` (M,): the largest change of σ and of σ' from level l − 1 to level l or at any later one.
    ``error``: that of the last level.
    """

    scales: Array
    weights: Array
    values: Array
    slopes: Array
    error: float

    @property
    def changes(self) -> Array:
        """Level l less level l − 1, (M,M)."""
        return np.diff(self.weights, axis=0, prepend=0.0)


def _triangle(rows: list[float]) -> Array:
    size = round((2 * len(rows)) ** 0.5 - 0.5)
    weights = np.zeros((size, size))
    weights[np.tril_indices(size)] = rows
    return weights


# fmt: off
NINE = Levels(
    scales=np.array([
        1.2178195169898482, 1.902880250146337, 0.7624374542085737, 0.9655690213966757, 1.525314028119345,
        2.382989608408585, 0.599041821541439, 3.040545092960491, 0.4610990101214788,
    ]),
    weights=_triangle([
        1.0291460432604873, 0.9248700527029984, 0.06673532737784903, 0.5951531958122921, 0.19282573959343244,
        0.21195268854145127, 0.5966137673686923, 0.1926225747455397, 0.21285899784365583, -0.0021573997111574675,
        0.5553483309521032, 0.1854429228200417, 0.2048650655507557, 0.026503397792846266, 0.02775609881298079,
        0.48114401774573584, 0.1421851224627309, 0.19626430624227137, 0.06473400764130077, 0.10579937423912722,
        0.009771180048309182, 0.28119843791855775, 0.08792043517602607, 0.0947450347600983, 0.24935042696700277,
        0.24226080774696945, 0.01926456873697735, 0.025256742956825267, 0.2864559175871814, 0.09207626263488672,
        0.09602711226445601, 0.24610336108706843, 0.23648048221453363, 0.01752717600200003, 0.0250132376908484,
        0.00031242071221060136, 0.2979974652805765, 0.09627060056462153, 0.10480136773257868, 0.23425588219729726,
        0.22815744730294166, 0.016230301838728825, 0.020909128213029156, 0.0004930228200595854,
        0.0008847919145709296,
    ]),
    values=np.array([
        1, 0.038, 0.024, 0.00017, 0.00017, 0.00017, 0.00017, 5.9e-06, 5.9e-06,
    ]),
    slopes=np.array([
        1, 0.032, 0.032, 0.00025, 0.00025, 0.00025, 0.00025, 8.7e-06, 7.4e-06,
    ]),
    error=2.2e-08,
)
TWELVE = Levels(
    scales=np.array([
        1.3283293655761648, 0.9160184614699555, 1.902513407793358, 0.6268166437278003, 2.7256432503577974,
        1.5915139688355247, 1.104666962777415, 0.7585659002636267, 2.2738302029695077, 0.5145002597557617,
        3.3103186441399437, 0.41444122625304597,
    ]),
    weights=_triangle([
        0.9435266356336806, 0.8280651600721484, 0.16743207154910417, 0.36437334848556546, 0.4437757813165431,
        0.19069485059261376, 0.4412429706348371, 0.343493985804231, 0.17061211446718044, 0.044605507273297366,
        0.46359716058844286, 0.3288414030880627, 0.15394031717141016, 0.04895488576686263, 0.004666921972672426,
        0.4591994523331792, 0.3299781309676112, 0.15097158785929743, 0.04871977608885841, 0.0049405050222844915,
        0.0061891190861914115, 0.4303422831319885, 0.3216780360509026, 0.14460355893245488, 0.049408046808494345,
        0.005312244489380863, 0.026096364426337976, 0.02256138631425266, 0.37364317217303233, 0.2703565174864423,
        0.1367636588547209, 0.04456767714658749, 0.005672791724347204, 0.055803606010713463, 0.08978644948910047,
        0.023402808356549922, 0.3123521490629245, 0.24328489754830945, 0.10389139781439839, 0.042930337276367414,
        0.0036940473696755113, 0.11039582091059591, 0.13844766556865365, 0.03302051163746397, 0.011978897008694735,
        0.23212789272145773, 0.16336629606098213, 0.07928517800846585, 0.022913690396578913, 0.002685248423692721,
        0.16308444934924804, 0.2303533357509736, 0.08319632796513524, 0.019240634829193276, 0.0037468177184609625,
        0.22777037374393178, 0.16112714155716373, 0.07614643518960562, 0.022571465462359386, 0.0021568888744402694,
        0.16733530413689424, 0.23386609129793012, 0.08427184140699638, 0.02087768750559573, 0.0037998754575898352,
        7.679437927329102e-05, 0.2310920128496791, 0.16485863703229692, 0.0774318537771302, 0.024193911253187803,
        0.002289500842726666, 0.16500194764807394, 0.2299957078653309, 0.08139904350175822, 0.020360875553347868,
        0.003218965656927526, 6.108618574610092e-05, 9.645790697191744e-05,
    ]),
    values=np.array([
        0.94, 0.052, 0.025, 0.0022, 0.00028, 9.7e-06, 9.7e-06, 9.7e-06, 6.8e-06, 6.8e-06, 2.3e-07, 2.3e-07,
    ]),
    slopes=np.array([
        1, 0.035, 0.035, 0.0035, 0.0007, 1.7e-05, 1.7e-05, 1.7e-05, 1.1e-05, 9e-06, 5.7e-07, 2.5e-07,
    ]),
    error=1.5e-10,
)
#: Weights and scales of the best sum of twelve, and its error.
MINIMAX = (
    np.array([
        0.0001113567889134184, 0.0032817300814905527, 0.02420546838863124, 0.08157809797802158, 0.16465581594964,
        0.22920564045046973, 0.2314275730798208, 0.16564298087025756, 0.07732346738337678, 0.02024072891012169,
        0.002267985780426724, 5.9154314330619784e-05,
    ]),
    np.array([
        0.41795373251772366, 0.5159729735591477, 0.6272364270166125, 0.7588519877947335, 0.9162782754763198,
        1.104350494564601, 1.3276248386416647, 1.5915046221292588, 1.9035202638111568, 2.2752225516067313,
        2.7277554247625306, 3.3154645353585033,
    ]),
    2.5e-11,
)
# fmt: on

#: The erf itself.
ONE = Levels(np.ones(1), np.ones((1, 1)), np.ones(1), np.ones(1), 0.0)


class OddUnit(NamedTuple):
    """s(λ) = constant + amplitude · Σ_m w_lm erf(β_m λ/√2), the gain in the β."""

    constant: float
    amplitude: float
    levels: Levels


def odd_unit(unit: Activation, table: Levels) -> OddUnit:
    """A sigmoidal unit by a table of tanh."""
    if unit.name == "erf":
        return OddUnit(0.0, 1.0, ONE._replace(scales=unit.gain * ONE.scales))
    if unit.name == "tanh":
        return OddUnit(0.0, 1.0, table._replace(scales=unit.gain * table.scales))
    return OddUnit(0.5, 0.5, table._replace(scales=0.5 * unit.gain * table.scales))  # ½ + ½ tanh(x/2)
