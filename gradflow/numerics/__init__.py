"""Numbers of any magnitude, activations, measures of a row of terms, and checks of arguments.

- `scaled` has numbers with an exponent each, `shared_exponents` one exponent for several;
  `exponent_bounds` derives how far plain numbers may drift apart.
- `half_life_and_horizon` measures a row of terms as a whole; `falls_and_tails` tells its fall from
  its tail, by the line that `line_fit` lays.
- `activations` has values and slopes, `validation` the checks.

Knows no cells; imports numpy alone.
"""
